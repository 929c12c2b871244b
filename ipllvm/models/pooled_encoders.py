"""Encoders whose own pooling stands for a picture: ResNet, and whatever timm makes."""

from contextlib import ExitStack
from typing import Any

from jaxtyping import Float
from torch import Tensor

from ipllvm.models.encoders import Encoder, PictureTower


class PooledTower(PictureTower):
    """A ResNet of transformers, or a model of timm with its pooling, which knows no words.

    A ViT's blocks are the layers of `states`; the stages of a CNN are of several widths, and what it pools is
    its only layer.
    """

    def __init__(self, model: Any, processor: Any, identity: str) -> None:
        Encoder.__init__(self, model, processor, identity)
        self._timm = getattr(model, "timm_model", None)
        self.tokens = int(getattr(self._timm, "num_prefix_tokens", 0))

    def _features(self, fields: dict[str, Tensor]) -> Float[Tensor, "images width"]:
        """What stands for each picture."""
        pooled: Tensor = self.model(**fields).pooler_output
        return pooled.flatten(1)

    def _blocks(self, fields: dict[str, Tensor]) -> list[Tensor]:
        """What each block gives on, [images, tokens, width], where all are alike; else the last map."""
        blocks: list[Tensor] = []
        with ExitStack() as hooks:
            for block in getattr(self._timm, "blocks", ()):
                keep = block.register_forward_hook(lambda module, args, output: blocks.append(output))
                hooks.enter_context(keep)
            last: Tensor = self.model(**fields).last_hidden_state
        if blocks and all(block.ndim == 3 and block.shape == blocks[0].shape for block in blocks):
            return blocks
        return [self._places(last)]

    def _places(self, last: Tensor) -> Float[Tensor, "images places width"]:
        """A map as its places."""
        if last.ndim == 3:
            return last
        channels_last = str(getattr(self._timm, "output_fmt", "NCHW")) == "NHWC"
        # [images, places, width] of [images, height, width of the map, channels], or of channels first
        return last.flatten(1, 2) if channels_last else last.flatten(2).transpose(1, 2)


HEADS = r"^(timm_model\.)?(fc|classifier(\.1)?|head|head\.fc|head_dist)\.(weight|bias)$"
"""What names classes, which no encoder needs."""
