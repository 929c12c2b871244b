"""Charts: answers checked against the bars, bars and numerals against the pixels."""

import numpy as np
import pytest

from ipllvm.benchmarks import charts
from ipllvm.benchmarks.palette import COLORS, SIZE

WHITE = (255, 255, 255)


def test_answers_follow_from_the_bars() -> None:
    for index in range(300):
        chart, rng = charts.draw(1, "check", index)
        values = dict(chart.bars)
        by_value = sorted(values, key=values.__getitem__)
        asked = {question.kind: question for question in charts.questions(chart, rng)}
        assert set(asked) == set(charts.KINDS)
        assert asked["smallest"].answer == by_value[0]
        assert asked["largest"].answer == by_value[-1]
        assert asked["number"].answer == str(len(values))
        assert asked["value"].answer == str(values[asked["value"].text.split()[6]])
        words = asked["comparison"].text.split()
        larger = values[words[2]] > values[words[7]]
        assert asked["comparison"].answer == ("yes" if larger else "no")


def test_bars_are_distinct_and_values_apart() -> None:
    for index in range(300):
        bars = charts.draw(2, "check", index)[0].bars
        values = sorted(value for _, value in bars)
        assert 2 <= len(bars) <= 5 and len({color for color, _ in bars}) == len(bars)
        assert values[0] >= charts.LOW and values[-1] <= charts.HIGH
        assert min(np.diff(values)) >= charts.GAP


@pytest.mark.parametrize("digit", range(1, 10))
def test_numerals_are_at_least_10_px_high(digit: int) -> None:
    chart = charts.Chart((("red", 11 * digit), ("blue", 10 * digit)), WHITE)
    below = np.asarray(chart.load().convert("L"))[charts.BASE + 1 :]
    for half in (below[:, : SIZE // 2], below[:, SIZE // 2 :]):
        rows = np.flatnonzero((half < 128).any(axis=1))
        assert rows[-1] - rows[0] + 1 >= 10
        assert rows[-1] < below.shape[0] - 1


def test_bars_are_as_high_as_their_values_say() -> None:
    chart = charts.Chart((("red", 99), ("blue", 33), ("green", 66)), WHITE)
    pixels = np.asarray(chart.load())
    heights = [int((pixels == COLORS[color]).all(axis=2).any(axis=1).sum()) for color, _ in chart.bars]
    assert heights[0] == pytest.approx(3 * heights[1], abs=2)
    assert heights[2] == pytest.approx(2 * heights[1], abs=2)


def test_numerals_of_five_bars_do_not_run_into_each_other() -> None:
    colors = ("red", "blue", "green", "teal", "gray")
    chart = charts.Chart(tuple((color, 88) for color in colors), WHITE)
    below = np.asarray(chart.load().convert("L"))[charts.BASE + 1 :]
    for index in range(1, 5):
        assert below[:, round(index * SIZE / 5)].min() >= 128


def test_a_caption_names_every_bar_with_its_value() -> None:
    chart = charts.Chart((("red", 12), ("blue", 34)), WHITE)
    assert chart.caption() == "a chart with 2 bars: red 12, blue 34."


def test_the_same_seed_and_index_give_the_same_picture() -> None:
    assert charts.draw(5, "train", 7)[0] == charts.draw(5, "train", 7)[0]
    assert charts.draw(5, "train", 7)[0] != charts.draw(5, "test", 7)[0]
