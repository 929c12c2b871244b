"""Samples of both answer formats, and the digests that name them."""

from collections import Counter

import pytest

from ipllvm.benchmarks import charts, rendering, scenes
from ipllvm.benchmarks.prompts import LETTERS
from ipllvm.benchmarks.questions import Question
from ipllvm.records import Benchmark

COLOR = Question("color", "What color is it?", "red", ("red", "green", "blue", "teal", "gray"))


@pytest.fixture
def picture() -> scenes.Scene:
    return scenes.draw(0, "test", 0)[0]


def test_a_short_sample_admits_every_candidate(picture: scenes.Scene) -> None:
    sample = rendering.sample("s-0", "s", picture, COLOR, lettered=False)
    assert sample.prompt.splitlines()[0] == COLOR.text
    assert (sample.answer, sample.choices, sample.kind) == ("red", COLOR.candidates, "color")


def test_a_lettered_sample_shows_its_choices_in_order(picture: scenes.Scene) -> None:
    sample = rendering.sample("s-0", "s", picture, COLOR, lettered=True)
    shown = [f"{letter}. {choice}" for letter, choice in zip(LETTERS, sample.choices, strict=False)]
    assert sample.prompt.splitlines()[1:-1] == shown
    assert len(sample.choices) == 4
    assert sample.choices[LETTERS.index(sample.answer)] == "red"


def test_options_depend_on_the_id_alone(picture: scenes.Scene) -> None:
    def options(id: str) -> tuple[str, ...]:
        return rendering.sample(id, "s", picture, COLOR, lettered=True).choices

    assert options("s-0") == options("s-0")
    assert len({options(f"s-{i}") for i in range(20)}) > 10


def test_the_right_letter_is_at_any_place_equally_often(picture: scenes.Scene) -> None:
    samples = (rendering.sample(f"s-{i}", "s", picture, COLOR, lettered=True) for i in range(4000))
    letters = Counter(sample.answer for sample in samples)
    assert set(letters) == set("ABCD")
    assert max(abs(n - 1000) for n in letters.values()) < 4 * (4000 * 0.25 * 0.75) ** 0.5


def test_two_options_for_yes_and_no(picture: scenes.Scene) -> None:
    question = Question("existence", "Is there a red star?", "no", ("yes", "no"))
    sample = rendering.sample("s-0", "s", picture, question, lettered=True)
    assert sorted(sample.choices) == ["no", "yes"]


@pytest.mark.parametrize("module", [scenes, charts])
def test_made_benchmarks_ask_twice_of_750_pictures(module: object) -> None:
    benchmark: Benchmark = module.short(0)  # type: ignore[attr-defined]
    assert len(benchmark.samples) == 1500
    assert set(Counter(sample.cluster for sample in benchmark.samples).values()) == {2}
    assert benchmark.max_new_tokens == 8
    kinds = Counter(sample.kind for sample in benchmark.samples)
    assert set(kinds) == set(module.KINDS)  # type: ignore[attr-defined]
    assert min(kinds.values()) > 100


def test_ids_name_picture_and_question() -> None:
    samples = scenes.short(0).samples
    assert [sample.id for sample in samples[24:26]] == ["scenes-00012-0", "scenes-00012-1"]
    assert samples[25].cluster == "scenes-00012"


def test_both_formats_ask_the_same() -> None:
    for short, lettered in zip(charts.short(3).samples, charts.lettered(3).samples, strict=True):
        assert (short.id, short.images, short.kind) == (lettered.id, lettered.images, lettered.kind)
        assert lettered.choices[LETTERS.index(lettered.answer)] == short.answer


def test_another_seed_is_another_benchmark() -> None:
    assert scenes.short(0).digest != scenes.short(1).digest
    assert scenes.short(0).samples[0] != scenes.short(1).samples[0]


def test_a_change_in_the_drawing_changes_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    before = charts.short(0).digest
    monkeypatch.setattr(charts, "BASE", charts.BASE - 1)
    assert charts.short(0).digest != before
