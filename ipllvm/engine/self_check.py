"""Before a run: do answers depend on the batch they are in, or on how attention is computed?

Some samples are asked alone, together, and together with eager attention; the logits of the first
token of their answers are compared. Together they go on for a few tokens behind drafts of which all,
some or nothing is right, as the engine does, and must say what each says alone. Small differences
are what floating point does: an answer that flips because its two best tokens were as close as that
is a near tie. Larger ones are a fault of the set-up, and measuring on would be wrong. Never reads
the store.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from ipllvm.engine.decoding import finite_logits, prefill, verified, worth_running
from ipllvm.engine.encoding import encode_cases
from ipllvm.engine.fault_isolation import BatchBudget, Failure, run_isolated
from ipllvm.engine.packing import PackedPrompt, Tokens, pack
from ipllvm.engine.plan import Plan, PlannedTrial
from ipllvm.errors import NotMeasured
from ipllvm.models.base import VisionLanguageModel
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Sample

SAMPLES = 8
STEPS = 3
"""Tokens that answers go on for."""
TIE = 4.0
"""An answer is a near tie where its two best logits are closer than so many times the largest gap."""
TOLERANCE = {"float32": 0.01, "float16": 0.1, "bfloat16": 0.4}
"""The largest gap that passes, as a share of the spread (standard deviation) of the logits."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Two ways of asking: answers that flipped, those of them that are near ties, the largest gap."""

    flips: int
    ties: int
    gap: float


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """What the pre-flight check found; `spread` is the standard deviation of the logits."""

    samples: int
    dtype: str
    spread: float
    batched: Difference
    eager: Difference

    def __str__(self) -> str:
        def words(found: Difference) -> str:
            return f"{found.flips} flips ({found.ties} near ties), largest logit gap {found.gap:.2g}"

        return (
            f"self-check on {self.samples} samples: batched {words(self.batched)}; "
            f"eager attention {words(self.eager)}"
        )

    def require(self) -> None:
        """Raises NotMeasured, with the option to set, where a difference is beyond numerics."""
        allowed = TOLERANCE.get(self.dtype, TOLERANCE["bfloat16"]) * self.spread
        finer = "--dtype float32" if self.dtype != "float32" else "another release of torch or transformers"
        for found, advice in ((self.batched, "--batch-size 1"), (self.eager, finer)):
            if not found.gap <= allowed or found.flips > found.ties:
                raise NotMeasured(f"{self}: more than numerics explain (up to {allowed:.2g}): try {advice}")


@torch.inference_mode()
def check(model: VisionLanguageModel, samples: Sequence[Sample], size: int = SAMPLES) -> SelfCheck | None:
    """Ask the first samples in three ways, at most `size` together; None where none can be asked."""
    plan, room = Plan(tuple(samples[:SAMPLES]), (Clean(),), 1, 0, 1), BatchBudget(min(size, SAMPLES))
    prompts = _prompts(model, plan.cases(plan.samples, Clean()))
    if not prompts:
        return None
    alone = _logits(model, prompts, BatchBudget(1))
    together = _logits(model, prompts, room)
    with model.eager():
        eager = _logits(model, prompts, room)
    dtype = str(model.dtype).removeprefix("torch.")
    batched = _going_on(model, prompts, room, _difference(alone, together))
    return SelfCheck(len(prompts), dtype, float(alone.std()), batched, _difference(alone, eager))


def _prompts(model: VisionLanguageModel, cases: Sequence[PlannedTrial]) -> list[PackedPrompt]:
    """The prompts that the model has an answer to, alone."""
    seen = [s for s in encode_cases(model, cases, BatchBudget(1)) if not isinstance(s, Failure)]
    asked = run_isolated(
        lambda some: [(e, _of(model, [e])) for e in some],
        [PackedPrompt.of(s.embeds(model), s.prepared, s.picture) for s in seen],
        BatchBudget(1),
    )
    return [each[0] for each in asked if not isinstance(each, Failure)]


def _logits(
    model: VisionLanguageModel, prompts: Sequence[PackedPrompt], room: BatchBudget
) -> Float[Tensor, "prompts vocabulary"]:
    """The logits after each prompt; raises NotMeasured where not even one at a time can be answered."""
    found = run_isolated(lambda batch: list(_of(model, batch)), prompts, room)
    broken = [each.traceback for each in found if isinstance(each, Failure)]
    if broken:
        raise NotMeasured(f"self-check: {broken[0].strip().splitlines()[-1]}")
    return torch.stack([each for each in found if not isinstance(each, Failure)])


def _of(model: VisionLanguageModel, prompts: Sequence[PackedPrompt]) -> Float[Tensor, "prompts vocabulary"]:
    """The logits after each prompt of one pass; of several, as the engine asks for them."""
    packed = pack(model, prompts)
    ends = packed.speaking(model.device)
    hidden, _ = model.decoder(
        packed.embeds(model),
        attention=packed.attention(model),
        use_cache=False,
        wanted=ends if len(prompts) > 1 else None,
    )
    return finite_logits(model, hidden[ends]).cpu()


def _going_on(
    model: VisionLanguageModel, prompts: Sequence[PackedPrompt], room: BatchBudget, first: Difference
) -> Difference:
    """The difference with the answers that flip only after their first token."""
    flips, ties = first.flips, first.ties
    said = [verified(model, prefill(model, [prompt]), STEPS)[0] for prompt in prompts]
    drafts = [_spoilt(answer, number % (STEPS + 1)) for number, answer in enumerate(said)]
    drafted = [replace(p, guess=worth_running(model, d, STEPS)) for p, d in zip(prompts, drafts, strict=True)]
    together = run_isolated(lambda batch: verified(model, prefill(model, batch), STEPS), drafted, room)
    for prompt, answer, other in zip(prompts, said, together, strict=True):
        heard = other if not isinstance(other, Failure) else ()
        at = next((i for i, (a, b) in enumerate(zip(answer, heard, strict=False)) if a != b), len(heard))
        if answer != heard and at > 0:
            flips += 1
            ties += _tied(model, prompt, answer, at, first.gap)
    return Difference(flips, ties, first.gap)


def _spoilt(answer: Tokens, right: int) -> Tokens:
    """An answer of which the first tokens are right, the next one wrong."""
    return (*answer[:right], *(token ^ 1 for token in answer[right : right + 1]), *answer[right + 1 :])


def _tied(model: VisionLanguageModel, prompt: PackedPrompt, answer: Tokens, at: int, gap: float) -> bool:
    """Whether a token of an answer was a near tie with the next best."""
    spoken = prefill(model, [replace(prompt, guess=answer[:at])]).spoken
    best = finite_logits(model, spoken[-1:]).topk(2, -1).values
    return bool(best[0, 0] - best[0, 1] < TIE * gap)


def _difference(first: Tensor, second: Tensor) -> Difference:
    gap = float((first - second).abs().max())
    flipped = first.argmax(-1) != second.argmax(-1)
    best = first.topk(2, -1).values
    ties = flipped & (best[:, 0] - best[:, 1] < TIE * gap)
    return Difference(int(flipped.sum()), int(ties.sum()), gap)
