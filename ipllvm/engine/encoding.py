"""Image -> perturb -> prepare -> encode -> project: what token perturbations restart from.

Every distinct picture is encoded and projected once, however many samples and trials share it, as
long as it is among the last ones seen; a sample without one goes through as words alone.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ipllvm.artifacts import Artifacts
from ipllvm.engine.batch_policy import ENCODED_BYTES
from ipllvm.engine.fault_isolation import BatchBudget, Failure, run_isolated
from ipllvm.engine.feeding import Feeder
from ipllvm.engine.packing import PackedPrompt, Tokens
from ipllvm.engine.pictures import pictured, pictures_of
from ipllvm.engine.plan import PlannedTrial
from ipllvm.engine.prompt_length import fitting
from ipllvm.models.base import Left, Prepared, VisionLanguageModel


@dataclass(frozen=True, slots=True)
class EncodedSample:
    """A sample as far as the projector; `projected` is empty where it has no picture, and `picture` is
    the digest of its tiles, empty there too.
    """

    prepared: Prepared
    projected: Tensor
    picture: str = ""

    @property
    def pictured(self) -> bool:
        """Whether there is a picture to look at."""
        return bool(self.prepared.visual.any())

    def embeds(
        self, model: VisionLanguageModel, visual: Float[Tensor, "visual hidden"] | None = None
    ) -> Float[Tensor, "positions wide"]:
        """The decoder's input: visual tokens, its own where none are given, among the words.

        Raises ValueError where the model makes another number of them than the prompt has places for.
        """
        if not self.pictured:
            return model.embed_words(self.prepared)
        own = model.pack(self.projected, self.prepared) if visual is None else visual
        try:
            return model.embed(self.prepared, own)
        except RuntimeError as error:
            places = int(self.prepared.visual.sum())
            if visual is not None or len(own) == places:
                raise
            raise ValueError(
                f"{model.name} makes {len(own)} visual tokens of a picture and the prompt has places for "
                f"{places}: vision_feature_select_strategy, num_additional_image_tokens and patch_size must "
                "agree in config.json and processor_config.json"
            ) from error

    def prompt(
        self,
        model: VisionLanguageModel,
        shown: Hashable,
        guess: Tokens = (),
        visual: Float[Tensor, "visual hidden"] | None = None,
        left: Left | None = None,
    ) -> PackedPrompt:
        """What the decoder is asked, with these visual tokens; `left` says which, where some are left out."""
        standing = model.standing(self.prepared, left)
        return PackedPrompt.of(self.embeds(model, visual), self.prepared, shown, guess, standing)


Encoded = EncodedSample | Failure


@dataclass(slots=True)
class Pictures:
    """Projected pictures by content: the last ones used, of at most `room` bytes together."""

    room: int = ENCODED_BYTES
    _kept: OrderedDict[str, Tensor] = field(default_factory=OrderedDict)
    _bytes: int = 0

    def get(self, key: str) -> Float[Tensor, "tiles tokens hidden"] | None:
        """A picture that is kept, now the last one used."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def keep(self, key: str, projected: Float[Tensor, "tiles tokens hidden"]) -> None:
        """Keep a picture in place of those that were not used for longest."""
        if self.get(key) is not None:
            return
        self._kept[key] = projected.clone()  # a view would keep the batch that it is part of
        self._bytes += projected.nbytes
        while self._bytes > self.room:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.nbytes


def encode_cases(
    model: VisionLanguageModel,
    cases: Sequence[PlannedTrial],
    room: BatchBudget,
    artifacts: Artifacts | None = None,
    pictures: Pictures | None = None,
    feeder: Feeder | None = None,
) -> list[Encoded]:
    """The checkpoint of each case, perturbed where it is about pixels, in tower calls that have room.

    Questions about one picture under one draw share what a processor makes of it; `feeder` may have
    prepared it ahead.
    """
    pictures = Pictures() if pictures is None else pictures
    prepared = _prepared(model, cases, artifacts, feeder)
    digests: dict[int, str] = {}
    keys = [None if isinstance(p, Failure) or not p.visual.any() else _digest(p, digests) for p in prepared]
    found: dict[str | None, Tensor | Failure] = {None: torch.empty(0)}
    new: dict[str, Prepared] = {}
    for key, item in zip(keys, prepared, strict=True):
        if key is None or isinstance(item, Failure) or key in found or key in new:
            continue
        known = pictures.get(key)
        if known is None:
            new[key] = item
        else:
            found[key] = known
    values = run_isolated(lambda batch: model.projected(batch), list(new.values()), room)
    for key, value in zip(new, values, strict=True):
        found[key] = value
        if not isinstance(value, Failure):
            pictures.keep(key, value)
    return [
        item if isinstance(item, Failure) else _checkpoint(item, found[key], key or "")
        for key, item in zip(keys, prepared, strict=True)
    ]


def _prepared(
    model: VisionLanguageModel,
    cases: Sequence[PlannedTrial],
    artifacts: Artifacts | None,
    feeder: Feeder | None,
) -> list[Prepared | Failure]:
    """What the processor makes of each case, of one picture under one draw once."""
    shown: dict[Hashable, tuple[str, Prepared]] = {}

    def prepare(one: Sequence[PlannedTrial]) -> list[Prepared]:
        (case,) = one
        what, prompt = pictured(case), case.sample.prompt
        if case.sample.images and what not in shown and feeder and (ahead := feeder.take(case)):
            shown[what] = ahead
        found: Prepared | None = None
        if case.sample.images and what in shown:
            question, known = shown[what]
            found = known if question == prompt else model.with_prompt(known, prompt)
        if found is None:
            found = model.prepare(pictures_of(case, artifacts), prompt)
            shown[what] = prompt, found
        return [fitting(model, case.sample, found)]

    return run_isolated(prepare, cases, BatchBudget(1))


def _checkpoint(prepared: Prepared, projected: Tensor | Failure, picture: str) -> Encoded:
    return projected if isinstance(projected, Failure) else EncodedSample(prepared, projected, picture)


def questions(
    cases: Sequence[PlannedTrial], artifacts: Artifacts | None = None
) -> list[tuple[list[Image.Image], str] | Failure]:
    """What each case asks, in pictures and words."""

    def question(one: Sequence[PlannedTrial]) -> list[tuple[list[Image.Image], str]]:
        (case,) = one
        return [(pictures_of(case, artifacts), case.sample.prompt)]

    return run_isolated(question, cases, BatchBudget(1))


def _digest(prepared: Prepared, known: dict[int, str]) -> str:
    """That of all that the tower is given; `known` are those of tensors that are at hand."""
    parts = [str(prepared.sizes)]
    for name, value in sorted(prepared.vision.items()):
        if id(value) not in known:
            content = value.contiguous().view(torch.uint8).numpy().tobytes()
            known[id(value)] = hashlib.sha256(f"{tuple(value.shape)}".encode() + content).hexdigest()
        parts.append(f"{name} {known[id(value)]}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
