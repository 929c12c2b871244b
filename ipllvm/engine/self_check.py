"""Before a run: are answers those of transformers, and do they depend on the batch or on how they are made?

Some samples are asked alone, together, and together with eager attention; the logits of the first
token of their answers are compared. Together they go on for a few tokens behind drafts of which all,
some or nothing is right, as the engine does, and must say what each says alone. The first sample is
asked by the checkpoint's own pipeline too, and a pass is restarted once at every kind of layer. Small
differences are what floating point does: an answer that flips because its two best tokens were as close
as that is a near tie. Larger ones are a fault of the set-up, and measuring on would be wrong. Never
reads the store.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ipllvm.engine.decoding import finite_logits, prefill, worth_running
from ipllvm.engine.encoding import EncodedSample, encode_cases
from ipllvm.engine.fault_isolation import BatchBudget, Failure, run_isolated
from ipllvm.engine.packing import PackedPrompt, Tokens, pack
from ipllvm.engine.plan import FIRST, Plan, PlannedTrial
from ipllvm.engine.pool import verified
from ipllvm.engine.prompt_length import require_fitting
from ipllvm.engine.reference_check import STEPS, disagreement, entered_layers, first_of_each, restarted
from ipllvm.errors import NotMeasured, first_line
from ipllvm.models.base import VisionLanguageModel
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Sample

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


class _Alone(NamedTuple):
    """A sample, its prompt and the logits after it, alone in its pass."""

    sample: Sample
    prompt: PackedPrompt
    logits: Float[Tensor, " vocabulary"]


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """What the pre-flight check found; `spread` is the standard deviation of the logits.

    `layers` were entered, one of each kind, or `refused` says why they can't be; `reference` says how the
    checkpoint's own pipeline refuses or answers otherwise, where it does. `rounds` says that what goes from
    layer to layer has 8 bits, as of a quantiser, whatever the dtype.
    """

    samples: int
    dtype: str
    spread: float
    batched: Difference
    eager: Difference
    restarted: Difference | None = None
    layers: tuple[int, ...] = ()
    refused: str = ""
    reference: str = ""
    rounds: bool = False

    def __str__(self) -> str:
        def words(found: Difference) -> str:
            return f"{found.flips} flips ({found.ties} near ties), largest logit gap {found.gap:.2g}"

        entered = f"; layers can't be entered: {self.refused}" if self.refused else ""
        if self.restarted is not None:
            entered = f"; restarted at layers {', '.join(map(str, self.layers))} {words(self.restarted)}"
        return (
            f"self-check on {self.samples} sample{'s' * (self.samples != 1)}: batched {words(self.batched)}; "
            f"eager attention {words(self.eager)}{entered}"
        )

    def require(self) -> None:
        """Raises NotMeasured, with the option to set, where a difference is beyond numerics."""
        coarse = TOLERANCE["bfloat16"]
        allowed = (coarse if self.rounds else TOLERANCE.get(self.dtype, coarse)) * self.spread
        finer = "--dtype float32" if self.dtype != "float32" else "another release of torch or transformers"
        checks = [(self.batched, "--batch-size 1"), (self.eager, finer)]
        if self.restarted is not None:
            checks.append((self.restarted, "properties that perturb no hidden states, and report it"))
        for found, advice in checks:
            if not found.gap <= allowed or found.flips > found.ties:
                raise NotMeasured(f"{self}: more than numerics explain (up to {allowed:.2g}): try {advice}")
        if self.reference:
            raise NotMeasured(f"self-check: {self.reference}")


@torch.inference_mode()
def check(model: VisionLanguageModel, samples: Sequence[Sample], size: int = FIRST) -> SelfCheck | None:
    """Ask the first samples in three ways, at most `size` together; None where none can be asked.

    Raises NotMeasured where a prompt is longer than the model has positions, and where all fail alike.
    """
    require_fitting(model, samples)
    plan, room = Plan(tuple(samples[:FIRST]), (Clean(),), 1, 0, 1), BatchBudget(min(size, FIRST))
    tried = _tried(model, plan.cases(plan.samples, Clean()))
    answered = [each for each in tried if not isinstance(each, Failure)]
    if not answered:
        _require_different([each.traceback for each in tried if isinstance(each, Failure)])
        return None
    prompts, alone = [each.prompt for each in answered], torch.stack([each.logits for each in answered])
    together = _logits(model, prompts, room)
    with model.eager():
        eager = _logits(model, prompts, room)
    dtype = str(model.dtype).removeprefix("torch.")
    batched = _going_on(model, prompts, room, _difference(alone, together))
    spread, eagerly = float(alone.std()), _difference(alone, eager)
    found = SelfCheck(len(prompts), dtype, spread, batched, eagerly, rounds=model.rounds)
    reference = _reference(model, answered, max(found.batched.gap, found.eager.gap))
    return replace(_entered(model, prompts[0], found), reference=reference)


def _reference(model: VisionLanguageModel, answered: Sequence[_Alone], gap: float) -> str:
    """How the checkpoint's own pipeline refuses or says something else that is no near tie; else empty."""
    for number in first_of_each([each.sample for each in answered]):
        sample, prompt, _ = answered[number]
        try:
            found = disagreement(model, sample, prompt)
        except NotMeasured as error:
            return str(error)
        if found is not None and not _tied(model, prompt, found.said, found.at, gap):
            return (
                f"transformers' own generate answers {sample.id} with "
                f"{model.text(found.expected)!r} {list(found.expected)} and the stages with "
                f"{model.text(found.said)!r} {list(found.said)}: this checkpoint can't be measured here"
            )
    return ""


def _entered(model: VisionLanguageModel, prompt: PackedPrompt, found: SelfCheck) -> SelfCheck:
    """What was found, with a restart at one layer of each kind."""
    layers = entered_layers(model)
    if not layers:
        return found
    try:
        whole, restarts = restarted(model, prompt, layers)
    except (ValueError, RuntimeError, NotImplementedError) as error:
        return replace(found, refused=first_line(error))
    return replace(found, restarted=_difference(whole, restarts), layers=tuple(layers))


def _tried(model: VisionLanguageModel, cases: Sequence[PlannedTrial]) -> list[_Alone | Failure]:
    """The samples as they are answered alone, or why the model has no answer to one."""

    def ask(some: Sequence[tuple[Sample, EncodedSample]]) -> list[_Alone]:
        ((sample, seen),) = some
        prompt = seen.prompt(model, seen.picture)
        return [_Alone(sample, prompt, _of(model, [prompt])[0])]

    encoded = encode_cases(model, cases, BatchBudget(1))
    paired = [s if isinstance(s, Failure) else (c.sample, s) for c, s in zip(cases, encoded, strict=True)]
    return run_isolated(ask, paired, BatchBudget(1))


def _require_different(tracebacks: Sequence[str]) -> None:
    """Raises NotMeasured where all samples fail for one reason, which is then the checkpoint's."""
    reasons = {traceback.strip().splitlines()[-1] for traceback in tracebacks}
    if len(tracebacks) > 1 and len(reasons) == 1:
        raise NotMeasured(f"self-check: all of the first {len(tracebacks)} samples fail: {reasons.pop()}")


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
    """Whether a token of an answer was a near tie with the next best; no, where only steps could tell."""
    if at and not model.verifies_drafts:
        return False
    spoken = prefill(model, [replace(prompt, guess=answer[:at])]).spoken
    best = finite_logits(model, spoken[-1:]).topk(2, -1).values
    return bool(best[0, 0] - best[0, 1] < TIE * gap)


def _difference(first: Tensor, second: Tensor) -> Difference:
    gap = float((first - second).abs().max())
    flipped = first.argmax(-1) != second.argmax(-1)
    best = first.topk(2, -1).values
    ties = flipped & (best[:, 0] - best[:, 1] < TIE * gap)
    return Difference(int(flipped.sum()), int(ties.sum()), gap)
