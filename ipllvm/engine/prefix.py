"""What prompts begin with, run once: the words of the template before the picture, or a clean picture as far
as trials leave it as it is.

With keys and values to begin from, attention needs a mask, which costs more than it saves where prompts are
long: batch_policy.py says when.
"""

from collections.abc import Hashable, Iterable, Sequence, Sized
from dataclasses import dataclass, field
from typing import Any

import torch

from ipllvm.engine import batch_policy
from ipllvm.engine.encoding import EncodedSample
from ipllvm.engine.packing import Packed, PackedPrompt, alone
from ipllvm.engine.plan import PlannedTrial
from ipllvm.models.base import Prepared, PromptPositions, VisionLanguageModel
from ipllvm.records import Stage


@dataclass(frozen=True, slots=True)
class Prefix:
    """How many positions it has, and keys and values that begin with them: of each prompt, or one for all."""

    length: int
    caches: Sequence[Any]

    def begun(self, model: VisionLanguageModel, packed: Packed) -> Any:
        """The cache that the rows of some prompts begin with."""
        owners: dict[int, Any] = {}
        for number, place in enumerate(packed.places):
            owners.setdefault(place.row, self.caches[number % len(self.caches)])
        return model.join_caches([owners[row] for row in range(packed.shape[0])], self.length)


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
            _, cache = self.model.decoder(self.model.embed_tokens(ids)[None])  # [1, tokens, hidden]
            self._known[tokens] = Prefix(len(tokens), [cache])
        return self._known[tokens]


@dataclass(slots=True)
class CleanBeginnings:
    """Those of clean pictures, to the end of each: trials that change later tokens alone go on from there."""

    model: VisionLanguageModel
    _clean: dict[int, PackedPrompt] = field(default_factory=dict)  # by checkpoint, which outlives its batches
    _held: dict[Hashable, Any] = field(default_factory=dict)

    @classmethod
    def worth(
        cls, model: VisionLanguageModel, cases: Sequence[PlannedTrial], encoded: Iterable[object]
    ) -> "CleanBeginnings | None":
        """Nothing yet, where so many trials of one kind change tokens of some pictures that they may pay."""
        first, footprint = cases[0].perturbation, model.footprint
        late = first.stage is Stage.VISUAL_TOKENS and first.share == 1
        if not (late and footprint and model.supports_prefix_cache):
            return None
        openings = {_opening(each) for each in encoded if isinstance(each, EncodedSample)}
        trials = len(cases) / len({case.sample.id for case in cases})
        held = sum(len(ids) for ids, _ in openings) * footprint.cache * model.dtype.itemsize
        return cls(model) if batch_policy.beginnings_pay(trials, held) else None

    def shared(self, checkpoints: Sequence[EncodedSample], prompts: Sequence[PackedPrompt]) -> Prefix | None:
        """What each of some prompts has in common with its clean one; None where that does not pay.

        Nothing where tokens of a picture see each other, which no part of it can be run without.
        """
        words = max(len(_before_the_picture(each.prepared)) for each in checkpoints)
        clean = [self._clean_prompt(each) for each in checkpoints]
        if any(prompt.standing is not None and prompt.standing.sees for prompt in clean):
            return None
        length = min(map(_unchanged, clean, prompts))
        if not batch_policy.prefix_pays(length - words, max(map(len, prompts))):
            return None
        if not all(_in_order(prompt.standing, length) for prompt in (*clean, *prompts)):
            return None
        for prompt in clean:
            if prompt.opening not in self._held:
                self._held[prompt.opening] = self._run(prompt)
        return Prefix(length, [self._held[each.opening] for each in clean])

    def _clean_prompt(self, checkpoint: EncodedSample) -> PackedPrompt:
        """A checkpoint's prompt as it is, embedded once."""
        if id(checkpoint) not in self._clean:
            self._clean[id(checkpoint)] = checkpoint.prompt(self.model, checkpoint.picture)
        return self._clean[id(checkpoint)]

    def _run(self, prompt: PackedPrompt) -> Any:
        """The keys and values of a clean prompt up to the end of its picture."""
        packed = alone([PackedPrompt(prompt.embeds[: prompt.shared])])
        _, cache = self.model.decoder(packed.embeds(self.model), attention=packed.attention(self.model))
        return cache


def _opening(encoded: EncodedSample) -> tuple[tuple[int, ...], Hashable]:
    """What decides a clean beginning: the tokens up to the picture's end, and the picture."""
    ids, visual = encoded.prepared.input_ids, encoded.prepared.visual.nonzero()
    return tuple(ids[: int(visual[-1]) + 1 if len(visual) else 0].tolist()), encoded.picture


def _unchanged(clean: PackedPrompt, prompt: PackedPrompt) -> int:
    """How many positions a prompt begins with that are those of the clean one, to the end of the picture."""
    length = min(clean.shared, len(prompt) - 1)
    if clean.opening is None or length <= 0:
        return 0
    changed = (clean.embeds[:length] != prompt.embeds[:length]).any(1).nonzero()  # [changed, 1]: positions
    return int(changed[0]) if len(changed) else length


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
