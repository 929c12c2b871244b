"""What prompts begin with, run once: the words of the template before the picture.

With keys and values to begin from, attention needs a mask, which costs more than it saves where prompts are
long: batch_policy.py says when.
"""

from collections.abc import Sequence, Sized
from dataclasses import dataclass, field
from typing import Any

import torch

from ipllvm.engine import batch_policy
from ipllvm.models.base import Prepared, PromptPositions, VisionLanguageModel


@dataclass(frozen=True, slots=True)
class Prefix:
    """How many positions it has, and its keys and values, one row."""

    length: int
    cache: Any


@dataclass(slots=True)
class Prefixes:
    """Those of a run, by their tokens."""

    model: VisionLanguageModel
    _known: dict[tuple[int, ...], Prefix] = field(default_factory=dict)

    def shared(self, prepared: Sequence[Prepared], prompts: Sequence[Sized]) -> Prefix | None:
        """What all of some prompts begin with before their picture; None where that does not pay."""
        if not self.model.supports_prefix_cache:
            return None
        begins = {_before_the_picture(each) for each in prepared}
        tokens = begins.pop()
        if begins or not batch_policy.prefix_pays(len(tokens), max(len(prompt) for prompt in prompts)):
            return None
        if not all(_in_order(getattr(prompt, "standing", None), len(tokens)) for prompt in prompts):
            return None
        if tokens not in self._known:
            ids = torch.tensor(tokens, device=self.model.device)
            _, cache = self.model.decoder(self.model.embed_tokens(ids)[None])
            self._known[tokens] = Prefix(len(tokens), cache)
        return self._known[tokens]


def _in_order(standing: PromptPositions | None, length: int) -> bool:
    """Whether the first positions stand in order and none sees beyond them."""
    if standing is None:
        return True
    begun = standing.positions[:, :length]
    return bool((begun == torch.arange(length)).all()) and standing.closed(length) == length


def _before_the_picture(prepared: Prepared) -> tuple[int, ...]:
    """The tokens before the first visual one; none where there is no picture."""
    visual = prepared.visual.nonzero()
    return tuple(prepared.input_ids[: int(visual[0])].tolist()) if len(visual) else ()
