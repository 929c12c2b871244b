"""Meteor: a Mamba reads picture and question and puts what it makes of them before InternLM2's prompt.

Both see the tower's features, each through a projector of its own. A visual token is here what both
projectors make of one feature, side by side: to permute visual tokens is to permute the features before both
projectors, so that neither reads the picture in its true order.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor, nn

from ipllvm.models.base import EncodedPicture, Prepared
from ipllvm.models.families.llava import Llava
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.models.trol.adapters import EndedByTemplate
from ipllvm.models.trol.partial_lora import MarkedRows

RATIONALE = "rationale_ids"


class Rationale(nn.Module):
    """The Mamba with its projectors: from picture and question to embeddings of the larger model.

    `projector` leads from the tower to the Mamba, `outward` from there to the larger model; all in float32.
    """

    def __init__(
        self, mamba: Any, projector: nn.Module, outward: nn.Module, image_token: int, tor_token: int
    ) -> None:
        super().__init__()
        self.mamba, self.projector, self.outward = mamba, projector, outward
        self.image_token, self.tor_token = image_token, tor_token

    def forward(
        self, ids: Int[Tensor, " positions"], visual: Float[Tensor, "visual width"]
    ) -> Float[Tensor, "rationale hidden"]:
        """What stands at the <tor> tokens; image tokens that no feature is left for are left out."""
        image = ids == self.image_token
        left = ~image
        left[image.nonzero()[: len(visual), 0]] = True
        ids = ids[left]
        embeds = self.mamba.get_input_embeddings()(ids)
        embeds[ids == self.image_token] = visual.to(embeds)
        states = self.mamba(inputs_embeds=embeds[None], use_cache=False).last_hidden_state[0]
        rationale: Tensor = self.outward(states[ids == self.tor_token])
        return rationale


class Meteor(MarkedRows, EndedByTemplate, Llava):
    """Meteor's MLM with its rationale, which stands before a picture and hangs on the question: nothing of a
    prompt is shared with another.
    """

    FAMILY = "meteor"
    SHARED = False

    def __init__(self, parts: LoadedCheckpoint, rationale: Any) -> None:
        super().__init__(parts)
        self._rationale = rationale
        self.supports_prefix_cache = False

    def pipeline_answer(
        self, images: Sequence[Image.Image], prompt: str, limit: int
    ) -> tuple[int, ...] | None:
        """See the interface: transformers has no pipeline for it."""
        return None

    def prepare(self, images: Sequence[Image.Image], prompt: str) -> Prepared:
        """See the interface: with what the Mamba reads."""
        prepared = super().prepare(images, prompt)
        ids = self._processor.rationale(prompt, len(images))
        return replace(prepared, fields={**prepared.fields, RATIONALE: ids})

    def with_prompt(self, prepared: Prepared, prompt: str) -> Prepared | None:
        """See the interface: the Mamba reads another prompt too."""
        return None

    def encode(self, batch: Sequence[Prepared]) -> list[EncodedPicture]:
        """See the interface: what both projectors make of a feature, side by side."""
        return [
            EncodedPicture(each.patches, torch.cat([each.projected, self._beside_it(each)], -1))
            for each in super().encode(batch)
        ]

    def _beside_it(self, picture: EncodedPicture) -> Tensor:
        own: Tensor = self._rationale.projector(picture.patches.float())
        return own.to(picture.projected)

    def embed(
        self, prepared: Prepared, visual: Float[Tensor, "visual wide"]
    ) -> Float[Tensor, "positions hidden"]:
        """See the interface."""
        return self._reasoned(super().embed(prepared, visual), prepared, visual[:, self.width :])

    def embed_words(self, prepared: Prepared) -> Float[Tensor, "positions hidden"]:
        """See the interface."""
        return self._reasoned(super().embed_words(prepared), prepared, torch.empty(0, 1))

    def _reasoned(self, embeds: Tensor, prepared: Prepared, visual: Tensor) -> Tensor:
        """With the rationale in place; it stands before the picture, so that no place has moved."""
        ids = prepared.fields[RATIONALE].flatten().to(self.device)
        places = (prepared.input_ids == self._rationale.tor_token).nonzero()[:, 0].to(self.device)
        embeds[places, : self.width] = self._rationale(ids, visual.float().to(self.device)).to(embeds)
        return embeds

    def _put(self, embeds: Tensor, places: Tensor, visual: Tensor) -> None:
        super()._put(embeds, places, visual[:, : self.width])
