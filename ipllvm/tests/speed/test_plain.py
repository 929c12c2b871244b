"""Plain `generate` says what the engine says, in batches, for families that need more than embeddings."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ipllvm.artifacts import Artifacts
from ipllvm.engine.plan import Plan
from ipllvm.errors import NotTested
from ipllvm.models.loading import load
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.perturbations.noise import GroupNoise, LayerNoise
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.selection import Keep
from ipllvm.perturbations.shuffle import PatchShuffle
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Perturbation
from ipllvm.speed.plain import Asked, plain
from ipllvm.speed.ways import engine
from ipllvm.tests.tiny import make
from ipllvm.tests.tiny.contract import LIMIT, samples

FAST = ("llava-llama", "qwen2_5_vl")
KINDS = (
    *FAST, "llava_next-granite", "granite4_vision", "qwen3_vl", "gemma3-window", "paligemma", "gemma4",
    "blip-2", "instructblip", "internvl", "qwen3_5", "got_ocr2",
)  # fmt: skip
CHOSEN = [pytest.param(kind, marks=() if kind in FAST else pytest.mark.slow) for kind in KINDS]
PLACED = (GroupNoise(1, 2, "keskar", 0.5),)
EVERYWHERE: Sequence[Perturbation] = (Permutation(), LayerNoise(2, "keskar", 0.3), PatchShuffle(2))
NOTHING = Artifacts({})
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
"""Some processors make arrays of tensors."""


@cache
def model(kind: str) -> TransformersModel:
    with TemporaryDirectory() as place:
        found = load(str(make(kind, Path(place) / kind)), device="cpu")
    assert isinstance(found, TransformersModel)
    return found


@pytest.mark.parametrize("kind", CHOSEN)
def test_a_batch_of_generate_is_the_engine(kind: str) -> None:
    subject = model(kind)
    kinds = [*EVERYWHERE, *(PLACED if subject.placed else ())]
    plan = Plan(samples(2), (Clean(), *kinds), 1, 0, LIMIT)
    found, _ = engine(subject, plan, 4, NOTHING)
    clean = {trial.sample: said for trial, said in found.items() if trial.perturbation == str(Clean())}
    changed = 0
    for perturbation in plan.perturbations:
        cases = plan.cases(plan.samples, perturbation)
        said = plain(subject, [Asked.of(subject, case) for case in cases], LIMIT, NOTHING)
        assert [found[case.trial] for case in cases] == said, perturbation
        changed += sum(answer != clean[case.sample.id] for case, answer in zip(cases, said, strict=True))
    assert changed > 2


def test_tokens_are_left_out_where_embeddings_suffice_and_nowhere_else() -> None:
    plan = Plan(samples(1), (Clean(), Keep((0,), 2)), 1, 0, LIMIT)
    cases = plan.cases(plan.samples, plan.perturbations[1])
    subject = model("llava-llama")
    found, _ = engine(subject, plan, 4, NOTHING)
    said = plain(subject, [Asked.of(subject, case) for case in cases], LIMIT, NOTHING)
    assert [found[case.trial] for case in cases] == said
    with pytest.raises(NotTested, match=r"plain generate of .* can't leave visual tokens out"):
        Asked.of(model("qwen2_5_vl"), cases[0])
