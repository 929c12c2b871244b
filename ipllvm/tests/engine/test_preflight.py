"""What is found before a run is found once for all runs that begin with the same samples."""

from dataclasses import replace
from typing import Any

import pytest

from ipllvm.engine import batch_size, prompt_length, self_check
from ipllvm.engine.plan import FIRST
from ipllvm.engine.preflight import NO_SAMPLE, Preflight
from ipllvm.engine.store.derived import Derived
from ipllvm.errors import NotMeasured
from ipllvm.models.base import VisionLanguageModel
from ipllvm.records import Benchmark
from ipllvm.tests.engine.pictures import samples
from ipllvm.tests.evaluation.test_evaluation import benchmark

DATA = benchmark(5 * FIRST)


def of(first: int, last: int) -> Benchmark:
    return replace(DATA, samples=DATA.samples[first:last])


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The samples of every self-check that was made."""
    made: list[list[str]] = []
    monkeypatch.setattr(self_check, "check", lambda model, asked, size: made.append([s.id for s in asked]))
    monkeypatch.setattr(prompt_length, "require_fitting", lambda model, asked: None)
    return made


def test_a_self_check_is_made_once_for_runs_of_any_size(
    tiny: VisionLanguageModel, checked: list[list[str]]
) -> None:
    preflight = Preflight(Derived())
    said = {preflight.self_check(tiny, of(0, n)) for n in (FIRST, 2 * FIRST, 5 * FIRST, FIRST)}
    assert said == {NO_SAMPLE} and checked == [[s.id for s in DATA.samples[:FIRST]]]
    preflight.self_check(tiny, of(1, 2 * FIRST))
    preflight.self_check(tiny, of(0, FIRST - 1))
    assert len(checked) == 3


def test_every_run_is_told_of_a_prompt_of_its_own_that_is_too_long(
    tiny: VisionLanguageModel, checked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(model: Any, asked: tuple[Any, ...]) -> None:
        if len(asked) > FIRST:
            raise NotMeasured("too long")

    monkeypatch.setattr(prompt_length, "require_fitting", refuse)
    preflight = Preflight(Derived())
    assert preflight.self_check(tiny, of(0, FIRST)) == NO_SAMPLE
    for _ in range(2):
        with pytest.raises(NotMeasured, match="too long"):
            preflight.self_check(tiny, of(0, FIRST + 1))


def test_a_batch_size_is_tried_once_for_prompts_about_as_long(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def fastest(model: Any, prompts: list[Any], most: int) -> int:
        tried.append(len(prompts))
        return 4

    monkeypatch.setattr(batch_size, "fastest", fastest)
    sizes: dict[tuple[str, int], int] = {}
    assert [batch_size.choose(tiny, samples(n), sizes) for n in (4, 3)] == [4, 4] and tried == [4]
    long = [replace(each, prompt=each.prompt + " and so on" * 40) for each in samples(2)]
    assert batch_size.choose(tiny, long, sizes) == 4 and tried == [4, 2]
