"""Models that are asked as a whole say what transformers' pipeline says, and what is sealed is NOT TESTED."""

from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from ipllvm.engine import whole_check
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Outcomes, run
from ipllvm.errors import NotMeasured, NotTested
from ipllvm.models.loading import load
from ipllvm.models.whole import Question, WholeModel
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.shuffle import PatchShuffle
from ipllvm.perturbations.substitution import Blank, Clean
from ipllvm.records import Perturbation, Response
from ipllvm.tests.tiny import make
from ipllvm.tests.tiny.contract import LIMIT, samples
from ipllvm.tests.tiny.reference import Reference


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("mllama", tmp_path_factory.mktemp("checkpoints") / "mllama")


@pytest.fixture(scope="module")
def model(folder: Path) -> WholeModel:
    found = load(str(folder), device="cpu")
    assert isinstance(found, WholeModel)
    return found


def test_answers_are_those_of_generate_on_perturbed_pixels(folder: Path, model: WholeModel) -> None:
    two = [replace(row, id=f"two-{row.id}") for row in samples(1, ((64, 64),), pictures=2)]
    reference, rows = Reference.of(folder, "mllama"), (*samples(2), *two)
    plan = Plan(rows, (Clean(), Blank(), PatchShuffle(2)), 1, 0, LIMIT)
    outcomes: Outcomes = {}
    run(model, plan, 4, outcomes, lambda done: None)
    said = set()
    for perturbation in plan.perturbations:
        for case in plan.cases(rows, perturbation):
            pictures = [source.load() for source in case.sample.images]
            changed = [perturbation.apply(p, None, case.rng()) for p in pictures]
            expected = reference.answer(reference.fields(changed, case.sample.prompt), LIMIT)
            assert outcomes[case.trial].tokens == expected, case.trial
            said.add(expected)
    assert len(said) > 4, "answers must depend on what is asked"


@pytest.mark.parametrize("perturbation", [Permutation(), LayerNoise(1)])
def test_what_is_sealed_is_not_tested_with_the_reason(model: WholeModel, perturbation: Perturbation) -> None:
    plan = Plan(samples(1), (Clean(), perturbation), 1, 0, LIMIT)
    with pytest.raises(NotTested, match="by cross attention, which can't tell the order of visual tokens"):
        run(model, plan, 1, {}, lambda done: None)
    with pytest.raises(NotTested, match="log-likelihoods can't be had"):
        run(model, Plan(samples(1), (Clean(),), 1, 0, 1, "likelihood"), 1, {}, lambda done: None)


def test_its_self_check_asks_again(model: WholeModel) -> None:
    found = whole_check.check(model, samples(2))
    assert str(found).startswith("self-check on 8 samples: asked again 0 answers differ")
    assert found is not None
    found.require()


def test_a_model_that_looks_at_more_than_pixels_is_not_measured(
    model: WholeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def otherwise(self: WholeModel, questions: list[Question], limit: int) -> list[Response]:
        return [Response(f"{len(prompt)}") for _, prompt in questions]

    monkeypatch.setattr(type(model), "reencoded", otherwise)
    found = whole_check.check(model, samples(1))
    assert found is not None
    with pytest.raises(NotMeasured, match="looks at more than the pixels of a picture"):
        found.require()


def test_a_local_model_that_answers_the_same_otherwise_is_not_measured(
    model: WholeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = count()

    def otherwise(self: WholeModel, questions: list[Question], limit: int) -> list[Response]:
        return [Response(f"{next(number)}") for _ in questions]

    for name in ("answers", "reencoded"):
        monkeypatch.setattr(type(model), name, otherwise)
    found = whole_check.check(model, samples(1))
    assert found is not None
    with pytest.raises(NotMeasured, match=r"4 answers differ.*answers the same question otherwise each time"):
        found.require()
    replace(found, steady=False).require()


def test_a_broken_picture_is_an_error_of_its_own_samples(model: WholeModel) -> None:
    class Broken:
        def load(self) -> None:
            raise OSError("cut off")

    rows = samples(1)[:2]
    bad = replace(rows[0], id="bad", images=(Broken(),))  # type: ignore[arg-type]
    plan = Plan((bad, rows[1]), (Clean(),), 1, 0, LIMIT)
    outcomes: Outcomes = {}
    run(model, plan, 2, outcomes, lambda done: None)
    first, second = (outcomes[plan.trial(row, Clean(), 0)] for row in plan.samples)
    assert "cut off" in str(first.error) and second.error is None
