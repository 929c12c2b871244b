"""A trial that is answered again says what it said in the run, at every stage and in every draw."""

import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ipllvm.artifacts import Artifacts
from ipllvm.engine.run import run
from ipllvm.errors import NotMeasured, UsageError
from ipllvm.evaluation import flips
from ipllvm.models.loading import load
from ipllvm.perturbations.noise import GroupNoise, LayerNoise
from ipllvm.perturbations.occlusion import RandomDrop, SalientDrop
from ipllvm.perturbations.parsing import parse
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.selection import Keep
from ipllvm.perturbations.shuffle import PatchShuffle
from ipllvm.perturbations.substitution import Blank
from ipllvm.records import Perturbation
from ipllvm.replay import trial
from ipllvm.replay.trial import Kept, Single
from ipllvm.tests.evaluations import evaluation

HALF = "planted:exact-drop,d=0.5"


class Maps:
    """Random maps."""

    identity = "random maps"

    def of(self, image: Image.Image) -> np.ndarray:
        """A map of its own for each picture."""
        return np.random.default_rng(image.tobytes()[0]).random((8, 8))


@pytest.mark.parametrize(
    "perturbation",
    [
        PatchShuffle(2),
        RandomDrop(0.3, 8),
        SalientDrop(0.3, 8, provider=Maps.identity),
        Permutation("tile"),
        Permutation(),
        GroupNoise(5, 4),
        Keep((1, 2), 4),
        LayerNoise(2),
        Blank(),
    ],
    ids=str,
)
def test_it_says_what_it_said_in_the_run(perturbation: Perturbation) -> None:
    artifacts = Artifacts({"saliency": Maps()})
    asked = evaluation(HALF, artifacts=artifacts)
    asked.run(perturbation)
    found = flips.examples(asked.model, asked._measurement.call.traces, 0, artifacts, most=4)
    assert found
    samples = {sample.id: sample for sample in asked.benchmark.samples}
    for flip in found:
        single = Single(
            load(HALF),
            asked.benchmark,
            samples[flip.sample],
            parse(flip.perturbation),
            flip.draw,
            asked.settings.seed,
            artifacts=artifacts,
        )
        assert single.answers() == (flip.clean, flip.perturbed)


def single(model: str, perturbation: Perturbation, draw: int) -> Single:
    data = evaluation(model).benchmark
    return Single(load(model), data, data.samples[0], perturbation, draw, 0)


def test_draws_differ() -> None:
    found = [single(HALF, Permutation(), draw).pictures(160) for draw in range(3)]
    assert len({each.perturbed.tobytes() for each in found if each is not None}) == 3


def test_what_is_not_random_has_one_draw() -> None:
    with pytest.raises(UsageError, match="its only draw is 0, not 1"):
        single(HALF, Keep((0,), 4), 1).answers()


def test_a_failure_is_no_answer() -> None:
    with pytest.raises(NotMeasured, match="the model failed: RuntimeError"):
        single("planted:failing,r=1", Permutation(), 0).answers()


def test_a_provider_is_made_only_for_what_is_not_kept_and_must_be_the_same() -> None:
    image = Image.new("RGB", (8, 8))
    assert Kept("random maps", Maps).of(image).shape == (8, 8)
    with pytest.raises(UsageError, match="of other maps, here there is random maps"):
        Kept("other maps", Maps).of(image)


def test_what_is_read_of_an_answer_is_told_with_its_score() -> None:
    asked = single(HALF, Blank(), 0)
    right = asked.sample.answer
    assert asked.graded(right) == f"read as {right!r}, score 1"
    assert asked.graded("???") == "unread, score 0"
    wrong = next(each for each in asked.sample.choices or "ABCD" if each != right)
    assert re.fullmatch(r"read as '[^']+', score 0", asked.graded(wrong)), "what is wrong was read as well"


def test_a_trial_of_a_later_draw_asks_nothing_of_the_earlier_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = single(HALF, Permutation(), 2)
    known: list[int] = []

    def counted(model: Any, plan: Any, size: int, outcomes: Any, *rest: Any) -> Any:
        known.append(len(outcomes))
        return run(model, plan, size, outcomes, *rest)

    monkeypatch.setattr(trial, "run", counted)
    clean, perturbed = asked.answers()
    assert known == [2] and clean and perturbed
