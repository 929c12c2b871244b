"""Before a run: do answers depend on the batch they are in, or on how attention is computed?

Some samples are asked alone, together, and together with eager attention; the logits of the first
token of their answers are compared. Small differences are what floating point does: an answer that
flips because its two best tokens were as close as that is a near tie. Larger ones are a fault of the
set-up, and measuring on would be wrong. Never reads the store.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ipllvm.engine.decoding import speaking
from ipllvm.engine.isolation import Failure
from ipllvm.engine.plan import Case, Plan
from ipllvm.engine.seeing import see
from ipllvm.errors import NotMeasured
from ipllvm.models.base import VisionLanguageModel
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Sample

SAMPLES = 8
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
        advice = {"--batch-size 1": self.batched, "--dtype float32": self.eager}
        for option, found in advice.items():
            if found.gap > allowed or found.flips > found.ties:
                raise NotMeasured(f"{self}: more than numerics explain (up to {allowed:.2g}): try {option}")


@torch.inference_mode()
def check(model: VisionLanguageModel, samples: Sequence[Sample]) -> SelfCheck | None:
    """Ask the first samples in three ways; None where none of them can be asked."""
    plan = Plan(tuple(samples[:SAMPLES]), (Clean(),), 1, 0, 1)
    prompts = _prompts(model, plan.cases(plan.samples, Clean()))
    if not prompts:
        return None
    alone = torch.cat([_logits(model, [prompt]) for prompt in prompts])
    together = _logits(model, prompts)
    with model.eager():
        eager = _logits(model, prompts)
    dtype = str(model.dtype).removeprefix("torch.")
    found = (_difference(alone, other) for other in (together, eager))
    return SelfCheck(len(prompts), dtype, float(alone.std()), *found)


def _prompts(model: VisionLanguageModel, cases: Sequence[Case]) -> list[Float[Tensor, "_ hidden"]]:
    seen = [s for s in see(model, cases, len(cases)) if not isinstance(s, Failure)]
    return [checkpoint.embeds(model) for checkpoint in seen]


def _logits(model: VisionLanguageModel, prompts: Sequence[Tensor]) -> Float[Tensor, "prompts vocabulary"]:
    """The logits after each prompt; of several, as the engine asks for them."""
    lengths = [len(prompt) for prompt in prompts]
    ends = speaking(model, lengths, [()] * len(prompts))
    padded = pad_sequence(list(prompts), batch_first=True)
    hidden, _ = model.decoder(padded, use_cache=False, wanted=ends if len(prompts) > 1 else None)
    return model.logits(hidden[ends]).cpu()


def _difference(first: Tensor, second: Tensor) -> Difference:
    gap = float((first - second).abs().max())
    flipped = first.argmax(-1) != second.argmax(-1)
    best = first.topk(2, -1).values
    ties = flipped & (best[:, 0] - best[:, 1] < TIE * gap)
    return Difference(int(flipped.sum()), int(ties.sum()), gap)
