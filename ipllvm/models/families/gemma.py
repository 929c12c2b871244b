"""Gemma 3 and 4, PaliGemma: decoders whose picture tokens may see each other both ways."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ipllvm.errors import ModelUnavailable
from ipllvm.models.base import Prepared
from ipllvm.models.families.square import Square
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.models.views import View


class Gemma3(Square):
    """Adapter of Gemma3ForConditionalGeneration; the template's mark opens a picture."""

    IN_ORDER = False

    def __init__(self, parts: LoadedCheckpoint) -> None:
        if getattr(parts.model.config.get_text_config(), "use_bidirectional_attention", False):
            raise ModelUnavailable(
                f"{parts.name}: its decoder sees what comes after a word (use_bidirectional_attention), as "
                "encoders do: no answer can be made token by token"
            )
        super().__init__(parts)

    def mark(self) -> str:
        """See the interface."""
        return str(self._processor.boi_token)


class PaliGemma(Square):
    """Adapter of PaliGemmaForConditionalGeneration: the whole prompt sees itself both ways."""

    IN_ORDER = False
    SEVERAL = False
    SHARED = False
    TEMPLATE = (
        "{% for message in messages %}{% for part in message['content'] %}"
        "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
        "{% endfor %}{% endfor %}"
    )


class Gemma4(TransformersModel):
    """Adapter of Gemma4ForConditionalGeneration.

    Beside the embedding of a position stand the inputs that its id gives each layer; beside the state that
    enters a layer the embedding too, of which the decoder makes more, and the keys and values that layers
    further up share.
    """

    PROJECTOR = "embed_vision"
    MEANING: ClassVar[tuple[str, ...]] = (
        "its upper layers share keys and values of lower ones: noise on image positions above the first that "
        "shares has no effect by construction",
    )
    IN_ORDER = False

    def views(self, prepared: Prepared) -> Sequence[View]:
        """See the interface: patches stand at (column, row), and several make a token."""
        pool = self._model.config.vision_config.pooling_kernel_size
        ends = prepared.fields["image_position_ids"].amax(1).add(1) // pool
        return [View(rows, columns, picture=n) for n, (columns, rows) in enumerate(ends.tolist())]

    def embed_tokens(self, ids: Int[Tensor, "*positions"]) -> Float[Tensor, "*positions hidden"]:
        """See the interface: ids that stand for pictures, films and sounds say nothing, in answers too."""
        config, whole = self._decoder.config, self._model.config
        named = (whole.image_token_id, whole.video_token_id, whole.audio_token_id)
        silent = torch.tensor([each for each in named if each is not None], device=ids.device)
        words = torch.where(torch.isin(ids, silent), config.pad_token_id, ids)
        embeds = super().embed_tokens(words)
        if not config.hidden_size_per_layer_input:
            return embeds
        return torch.cat(
            [embeds, self._decoder.get_per_layer_inputs(words, embeds).flatten(-2).to(embeds)], -1
        )

    def _apart(self, rows: Tensor, layer: int) -> tuple[Tensor, dict[str, Any]]:
        if not layer:
            return rows[..., : self.width], self._by_layer(rows[..., self.width :])
        lenders = self._lenders(layer)
        widths = [each.k_proj.out_features for each in lenders for _ in ("keys", "values")]
        inputs = rows.shape[-1] - 2 * self.width - sum(widths)
        hidden, embeds, own, *states = torch.split(rows, [self.width, self.width, inputs, *widths], -1)
        lent: dict[str, tuple[Tensor, ...]] = {}
        for number, each in enumerate(lenders):
            pair = states[2 * number : 2 * number + 2]
            lent[each.layer_type] = tuple(
                s.view(*s.shape[:2], -1, each.head_dim).transpose(1, 2)  # [rows, heads, positions, width]
                for s in pair
            )
        return hidden, {"inputs_embeds": embeds, "shared_kv_states": lent, **self._by_layer(own)}

    def _by_layer(self, inputs: Tensor) -> dict[str, Tensor]:
        """The inputs of each layer, [rows, positions, layers, width], where it has any."""
        layers = self._decoder.config.num_hidden_layers
        return (
            {"per_layer_inputs": inputs.reshape(*inputs.shape[:-1], layers, -1)} if inputs.shape[-1] else {}
        )

    def _beside(self, layer: int, hidden: Tensor, embeds: Tensor, cache: Any) -> Tensor:
        if not layer:
            return embeds
        held = [cache.layers[each.layer_idx] for each in self._lenders(layer)]
        # keys and values [rows, heads, positions, width] become [rows, positions, heads * width]
        states = [state.transpose(1, 2).flatten(2) for each in held for state in (each.keys, each.values)]
        return torch.cat([hidden, embeds, *states], -1)

    def _lenders(self, layer: int) -> list[Any]:
        """What attends in the layers below that lend their keys and values to layers further up."""
        attends = [each.self_attn for each in self._decoder.layers[:layer]]
        return [each for each in attends if each.store_full_length_kv]
