"""What a model card says: its figures by hand, its learning curve, its tables."""

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.benchmarks.prompts import SHORT
from ipllvm.benchmarks.rewording import WORDINGS
from ipllvm.records import Benchmark, Response, Sample, Trial
from ipllvm.registry import BENCHMARKS
from ipllvm.zoo import card, wording_figures
from ipllvm.zoo.recipes import RECIPES, SISTERS, Phase, Recipe

RIGHT = {"a": 1.0, "b": 0.0, "c": 0.5}
ANSWERS = {"a": "yes", "b": "no", "c": "yes"}


def row(phase: str, step: int, **more: Any) -> dict[str, Any]:
    return {"phase": phase, "step": step, "loss": 1 / step, "steps_per_s": 2.0, **more}


def logged(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "curve.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    return path


def test_a_figure_is_in_percent_of_its_own_questions() -> None:
    found = card._figure("x", "all", ["a", "b", "c"], RIGHT, {"a": 0.0, "b": 1.0, "c": 0.0}, ANSWERS)
    assert (found.n, found.clean, found.blank, found.constant) == (3, 50.0, 33.3, 66.7)
    one = card._figure("x", "k", ["b"], RIGHT, None, ANSWERS)
    assert (one.n, one.clean, one.blank, one.constant) == (1, 0.0, "-", 100.0)


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from("xyz")), min_size=1, max_size=9))
@settings(max_examples=30)
def test_the_best_constant_answer_beats_no_model_that_is_always_right(told: list[tuple[float, str]]) -> None:
    ids = [str(n) for n in range(len(told))]
    scores = {n: score for n, (score, _) in zip(ids, told, strict=True)}
    answers = {n: answer for n, (_, answer) in zip(ids, told, strict=True)}
    found = card._figure("x", "k", ids, scores, None, answers)
    assert 100 / len(set(answers.values())) - 0.1 <= found.constant <= 100
    assert 0 <= found.clean <= 100
    assert card._figure("x", "k", ids[::-1], scores, None, answers).constant == found.constant


@given(st.integers(1, 90), st.integers(1, 20))
@settings(max_examples=40)
def test_a_curve_is_thinned_evenly_and_keeps_its_last_point(steps: int, points: int) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as place:
        path = logged(Path(place), [row("p", n + 1) for n in range(steps)])
        found = [int(each["step"]) for each in card._curve(path, [], points)]
    assert found[-1] == steps and found == sorted(set(found))
    assert len(found) <= 2 * points
    assert len({b - a for a, b in itertools.pairwise(found)}) <= 1


def test_what_a_resumed_run_logged_twice_counts_once_as_it_was_last(tmp_path: Path) -> None:
    rows = [row("p", 1), row("p", 2, loss=9.0), row("p", 2, loss=3.0)]
    assert [(each["step"], each["loss"]) for each in card._curve(logged(tmp_path, rows), [])] == [
        (1, 1.0),
        (2, 3.0),
    ]


def test_phases_that_were_trained_earlier_stand_before_and_are_replaced(tmp_path: Path) -> None:
    earlier = [row("first", 5), row("second", 7)]
    path = logged(tmp_path, [row("second", 1), row("third", 2)])
    found = [(each["phase"], each["step"]) for each in card._curve(path, earlier)]
    assert found == [("first", 5), ("second", 1), ("third", 2)]
    assert card._curve(tmp_path / "none.jsonl", earlier) == earlier


def test_the_curve_of_the_card_that_is_there(tmp_path: Path) -> None:
    assert card._earlier_curve(tmp_path / "figures.json") == []
    (tmp_path / "figures.json").write_text(json.dumps({"curve": [row("p", 1)]}), encoding="utf-8")
    assert card._earlier_curve(tmp_path / "figures.json") == [row("p", 1)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], {}),
        ([row("p", 240)], {"p": "2 min"}),
        ([row("p", 60), row("p", 120, on="8 CPU threads")], {"p": "1 min on 8 CPU threads"}),
        ([row("p", 120), row("q", 7200)], {"p": "1 min", "q": "60 min"}),
    ],
)
def test_a_phase_took_as_long_as_its_steps_at_its_speed(
    rows: list[dict[str, Any]], expected: dict[str, str]
) -> None:
    assert card._times(rows) == expected


def test_a_table_has_as_many_cells_as_columns() -> None:
    lines = card._table(("a", "b"), [(1, "x"), (2.5, "-")]).splitlines()
    assert lines == ["| a | b |", "| --- | --- |", "| 1 | x |", "| 2.5 | - |"]
    assert len(card._table(("a",), []).splitlines()) == 2


@pytest.mark.parametrize("name", sorted(RECIPES | SISTERS))
def test_every_recipe_has_a_card_that_names_its_parts_and_phases(name: str) -> None:
    recipe = (RECIPES | SISTERS)[name]
    text = card._card(recipe, ("a",), [(1.5,)], [row(recipe.phases[0].name, 120)], 1_250_000, "WORDED")
    assert "{" not in text and f"python -m ipllvm.zoo train {name} " in text and "1.25 M" in text
    assert all(part in text for part in recipe.parts.values())
    assert ("from: none." in text) is (not recipe.parts)
    for phase in recipe.phases:
        assert f"| {phase.name} | {phase.steps:,} | {phase.batch} | {phase.rate} |" in text
    assert "| 1.5 |WORDED" in text and "1 min |" in text and recipe.note in text


def test_a_phase_on_no_pictures_is_one_on_text() -> None:
    recipe = Recipe("x", "language", (Phase("p", 1000, 2, 0.1, {}),))
    assert "| p | 1,000 | 2 | 0.1 | text | - |" in card._card(recipe, ("a",), [], [], 0, "")


def test_what_was_done_behind_the_phases_stands_behind_their_table() -> None:
    recipe = Recipe("x", "language", (Phase("p", 10, 2, 0.1, {}),))
    bare, noted = (
        card._card(each, ("a",), [], [], 0, "") for each in (recipe, replace(recipe, note="A mean."))
    )
    assert "| text | - |\n\nA mean.\n\nLearning curve" in noted
    assert bare == noted.replace("A mean.\n\n", "")


SAMPLES = tuple(
    Sample(f"s{n}", f"c{n}", (), f"Is it {n}?\n{SHORT}", answer, kind=kind)
    for n, (answer, kind) in enumerate([("yes", "odd"), ("no", "odd"), ("yes", "even"), ("yes", "even")])
)


class Fake:
    """A benchmark of four questions, and a run that answers yes to each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: str | None = None) -> None:
        self.plans: list[Any] = []
        self.error = error
        monkeypatch.setattr(BENCHMARKS, "load", lambda name: lambda seed: self.data())
        for module in (card, wording_figures):
            monkeypatch.setattr(module, "run", self.run)

    def data(self) -> Benchmark:
        return Benchmark("four", SAMPLES, "exact_match", "digest", "made")

    def run(self, model: Any, plan: Any, batch: int, outcomes: Any, told: Any) -> None:
        self.plans.append(plan)
        for sample in plan.samples:
            for perturbation in plan.perturbations:
                outcomes[Trial(sample.id, str(perturbation), 0)] = Response("yes", error=self.error)


ANY: Any = object()


def test_a_benchmark_without_pictures_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake(monkeypatch)
    found = {figure.kind: figure for figure in card.measure(ANY, "four", 4)}
    assert list(found) == ["even", "odd", "all"]
    assert [(f.n, f.clean) for f in found.values()] == [(2, 100.0), (2, 50.0), (4, 75.0)]
    assert {f.blank for f in found.values()} == {"-"}
    assert [f.constant for f in found.values()] == [100.0, 50.0, 75.0], "of all: the mean of the kinds' own"
    assert [str(each) for each in fake.plans[0].perturbations] == ["clean"]


def test_a_trial_that_failed_ends_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    Fake(monkeypatch, error="out of memory")
    with pytest.raises(RuntimeError, match=r"^out of memory$"):
        card.measure(ANY, "four", 4)


def test_wordings_that_change_no_question_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake(monkeypatch)
    monkeypatch.setattr(wording_figures, "load", lambda folder, device: ANY)
    rows = wording_figures.measure(Path("x"), 3)
    assert [found["benchmark"] for found in rows] == [*wording_figures.ASKED]
    assert "bracketed" not in rows[0] and rows[0]["bare"] == rows[0]["asked"]
    assert {len(plan.samples) for plan in fake.plans} == {3}


def test_a_section_has_a_row_for_each_benchmark_and_a_dash_for_what_it_lacks() -> None:
    assert wording_figures.section([]) == ""
    text = wording_figures.section([{"benchmark": "a", "asked": 1.0}, {"benchmark": "b", "bare": 2.5}])
    heads, _, first, second = text.splitlines()[-4:]
    assert {line.count("|") for line in (heads, first, second)} == {len(WORDINGS) + 3}
    assert first.startswith("| a | 1.0 | - ") and second.startswith("| b | - | 2.5 |")
    assert "500 of the same questions" in text
