"""The numbers behind pictures, as text, tables and CSV: nothing measured is lost, nothing is a formula."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.records import Point, Series
from ipllvm.reporting import examples, exports, figures, series_pictures
from ipllvm.reporting.lines import lines
from ipllvm.reporting.pictures import TOLD, Picture, alternative, slug
from ipllvm.reporting.quantities import AXES, claim_levels, meaning
from ipllvm.reporting.sections import alike
from ipllvm.reporting.tables import table
from ipllvm.reporting.tracks import Track, TrackPoint, first_violated, limits
from ipllvm.tests.reporting import drawn, reports
from ipllvm.tests.reporting.hostile import HOSTILE

VALUES = st.none() | st.floats(-1e6, 1e6)


def picture(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Picture:
    return Picture("p", "t", "c", "a", columns, tuple(rows), lambda: pytest.fail("nobody draws it"))


def curves(values: dict[str, list[float | None]]) -> Picture:
    """Curves by name, each at 0, 1, 2, ..."""
    rows = [(name, float(at), v, v, None) for name, each in values.items() for at, v in enumerate(each)]
    return picture(("curve", "share", "value", "low", "high"), rows)


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from("abc"), st.lists(VALUES, min_size=1, max_size=4), min_size=1))
def test_each_value_of_curves_stands_once_beside_its_place(values: dict[str, list[float | None]]) -> None:
    heads, rows = table(curves(values))
    assert heads == ("share", *values)
    longest = max(map(len, values.values()))
    assert [row[0] for row in rows] == [f"{at:.4g}" for at in range(longest)]
    for column, each in enumerate(values.values(), start=1):
        for at in range(longest):
            cell = rows[at][column]
            if at >= len(each):
                assert cell == ""
            else:
                shown = "n/a" if each[at] is None else f"{each[at]:.4g}"
                assert cell.partition(" [")[0] == shown


def test_a_map_lies_in_its_table_as_it_lies_in_its_picture() -> None:
    rows = [(row, column, 10.0 * row + column, None, None) for row in range(2) for column in range(3)]
    heads, cells = table(picture(("row", "column", "value", "low", "high"), rows))
    assert heads == ("row", "column 0", "column 1", "column 2")
    assert cells == [["0", "0", "1", "2"], ["1", "10", "11", "12"]]


def test_two_values_at_one_place_are_listed_and_none_is_lost() -> None:
    twice = [("a", 0.0, 1.0, None, None), ("a", 0.0, 2.0, None, None)]
    heads, rows = table(picture(("curve", "share", "value", "low", "high"), twice))
    assert heads == ("curve", "share", "value", "low", "high")
    assert [row[2] for row in rows] == ["1", "2"]


@pytest.mark.parametrize(
    ("numbers", "cell"),
    [
        ((12.5, 10.0, 20.0), "12.5 [10, 20]"),
        ((None, None, None), "n/a"),
        ((None, 1.0, None), "n/a [1, n/a]"),
        ((0.0, 0.0, 0.0), "0 [0, 0]"),
        ((123456.0, None, None), "1.235e+05"),
    ],
)
def test_a_value_stands_with_its_interval(numbers: tuple[float | None, ...], cell: str) -> None:
    assert table(picture(("curve", "at", "value", "low", "high"), [("a", 1.0, *numbers)]))[1] == [["1", cell]]


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)


@settings(max_examples=60)
@given(st.lists(st.tuples(TEXTS, VALUES), max_size=5))
def test_a_csv_reads_back_and_no_text_in_it_is_run(rows: list[tuple[str, float | None]]) -> None:
    text = exports.table(picture(("name", "value"), [*rows]))
    head, *found = list(csv.reader(io.StringIO(text, newline="")))
    assert head == ["name", "value"] and len(found) == len(rows)
    for (name, value), (cell, number) in zip(rows, found, strict=True):
        assert cell.removeprefix("'") == name.removeprefix("'")
        assert cell.lstrip()[:1] not in exports.FORMULA
        assert (number == "") if value is None else float(number) == value


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", " =1", "\t=1", "\n=1", "＝1", "\u2007@x", "\r"])
def test_what_a_spreadsheet_runs_is_quoted_once(text: str) -> None:
    assert exports.plain(text) == f"'{text}"
    assert exports.plain(exports.plain(text)) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "1", "'=1", "a\n=1", "ä", "（1）"])
def test_other_texts_stay(text: str) -> None:
    assert exports.plain(text) == text


@settings(max_examples=50)
@given(st.lists(st.integers(0, 6), max_size=5), st.integers(0, 40_000))
def test_examples_are_shared_fairly_and_never_beyond_the_room(counts: list[int], room: int) -> None:
    shown = drawn.flip()
    size = sum(map(len, examples.pictures(shown)))
    rows = [{"flips": [{**shown, "sample": f"{row}-{n}"} for n in range(count)]} for row, count in
            enumerate(counts)]  # fmt: skip
    found = examples.fitting(rows, room)
    kept = [[flip["sample"] for flip in flips] for flips, _ in found]
    assert sum(map(len, kept)) == min(sum(counts), room // size)
    assert all(each == [f"{row}-{n}" for n in range(len(each))] for row, each in enumerate(kept))
    assert [len(each) + more for each, (_, more) in zip(kept, found, strict=True)] == counts
    short = [len(each) for each, count in zip(kept, counts, strict=True) if len(each) < count]
    assert not short or max(map(len, kept)) <= min(short) + 1


def test_a_result_shows_no_more_than_a_person_looks_at() -> None:
    row = {"flips": [{"sample": str(n), "pictures": []} for n in range(50)]}
    ((flips, more),) = examples.fitting([row], 0)
    assert (len(flips), more) == (examples.MOST, 50 - examples.MOST)
    assert examples.fitting([]) == [] and examples.fitting([{}]) == [([], 0)]


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/a.png",
        "data:image/svg+xml;base64,AAAA",
        "data:image/png;base64,",
        "data:image/png;base64,AA AA",
        "data:image/png;base64,AAAA===",
        "data:image/png,AAAA",
        "DATA:image/png;base64,AAAA",
        "data:image/png;base64,AAAA\n",
        7,
        None,
    ],
)
def test_only_what_a_report_writes_is_a_picture(uri: object) -> None:
    assert examples.pictures({"pictures": [uri, drawn.uri()]}) == [drawn.uri()]
    assert examples.pictures({"pictures": None}) == examples.pictures({}) == []


@pytest.mark.parametrize("damage", ["no picture", "cut", "too large"])
def test_a_picture_that_cant_be_opened_lies_below_no_map(damage: str) -> None:
    whole = drawn.uri(side=examples.LARGEST + 1 if damage == "too large" else 32)
    damaged = {"no picture": f"{whole[:22]}AAAA", "cut": whole[:102], "too large": whole}[damage]
    assert examples.first_picture({"flips": [{"pictures": [damaged]}]}) is None
    good = examples.first_picture({"flips": [{"pictures": []}, {"pictures": [drawn.uri(side=40)]}]})
    assert good is not None and (good.size, good.mode) == ((40, 40), "RGB")


def series(axes: tuple[str, ...], points: list[tuple[tuple[float, ...], float | None]]) -> dict[str, Any]:
    found = [{"at": [*at], "value": value} for at, value in points]
    return {"name": "drop", "quantity": "lost", "unit": "points", "axes": [*axes], "points": found}


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (series(("grid",), []), ["drop: lost, in points", "  grid "]),
        (series(("grid",), [((2,), 4.04), ((4,), None)]), ["drop: lost, in points", "  grid 2: 4.0, 4: n/a"]),
        (
            series(("row", "column"), [((1, 0), 1.0), ((0, 1), 12.5)]),
            ["drop: lost, in points", "        12.5", "   1.0      "],
        ),
        (series(("row", "column"), []), ["drop: lost, in points"]),
        (
            series(("a", "b", "c"), [((1, 2, 3), 0.0)]),
            ["drop: lost, in points", "  a, b, c 1 2 3: 0.0"],
        ),
    ],
)
def test_curves_and_maps_as_text(found: dict[str, Any], shown: list[str]) -> None:
    assert [line.rstrip() for line in figures.text(found)] == [line.rstrip() for line in shown]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_of_curves_move_no_line(text: str) -> None:
    found = {**series(("grid",), [((2,), 4.0)]), "name": text, "quantity": text, "unit": text, "axes": [text]}
    shown = figures.text(found)
    assert len(shown) == 2 and all(line.isprintable() for line in shown)


def test_layers_of_several_draws_become_a_curve_each() -> None:
    points = tuple(Point((layer, draw), float(layer + draw)) for draw in (1, 0) for layer in range(3))
    found = replace(reports.result(), series=(Series("s", "lost", "points", ("layer", "draw"), points),))
    (line,) = lines(reports.report(found))
    (made,) = series_pictures.curves(line, models=False)
    assert made.rows[:3] == tuple(("draw 1", float(at + 1), float(at), None, None) for at in range(3))
    assert {row[0] for row in made.rows} == {"draw 1", "draw 2"}


def test_a_curve_of_one_point_is_no_curve() -> None:
    points = (Point((0.5,), 1.0), Point((0.9,), None))
    found = replace(reports.result(), series=(Series("s", "lost", "points", ("ratio",), points),))
    assert [*series_pictures.curves(lines(reports.report(found))[0], models=False)] == []


@given(st.text(max_size=60))
def test_any_name_makes_a_part_of_a_file_name(text: str) -> None:
    made = slug(text)
    assert 0 < len(made) <= 40 and made.isascii() and "/" not in made and ".." not in made
    assert slug(made) == made


@pytest.mark.parametrize("count", [0, 1, TOLD, TOLD + 1, 100])
def test_an_alternative_text_says_how_much_it_leaves_out(count: int) -> None:
    text = alternative("Curves", [(f"n{place}", "1.0") for place in range(count)])
    assert text.startswith("Curves. ") and text.count("1.0") == min(count, TOLD)
    assert (f"; and {count - TOLD} more in the table." in text) is (count > TOLD)


def test_settings_are_alike_only_where_all_have_them_so() -> None:
    first, second = {"settings": {"a": 1, "b": [1], "c": None}}, {"settings": {"a": 1, "b": [2], "c": None}}
    assert alike([first, second]) == {"a": 1, "c": None} == alike([second, first])
    assert alike([first]) == {} == alike([])
    assert alike([first, {"settings": {}}]) == {}


def track(*points: TrackPoint, kind: str = "requirement", margin: float | None = 2.0) -> Track:
    return Track("p", "c", "t", "scenes", "lost", "points", kind, margin, "at_most", points)


def test_the_first_violation_is_that_of_a_requirement() -> None:
    points = [TrackPoint(at, 1.0, 0.0, 2.0, said) for at, said in
              zip("abcd", ("HOLDS", "UNDECIDED", "VIOLATED", "VIOLATED"), strict=True)]  # fmt: skip
    found = first_violated(track(*points))
    assert found is not None and found.at == "c"
    assert first_violated(track(*points, kind="observation")) is None
    assert first_violated(track(*points[:2])) is None is first_violated(track())


@given(st.lists(st.tuples(st.floats(-50, 50), st.none() | st.floats(-60, 60)), max_size=5))
def test_tracks_of_one_claim_fit_into_their_limits(values: list[tuple[float, float | None]]) -> None:
    found = track(*(TrackPoint("a", value, low, None) for value, low in values))
    low, high = limits([found, track()])
    assert low < 0 < high and low < 2.0 < high
    assert all(low < each < high for pair in values for each in pair if each is not None)
    whole = limits([replace(found, margin=None, points=())])
    assert whole[0] < 0.0 and whole[1] > 100.0


def test_every_quantity_reads_as_a_sentence() -> None:
    for quantity in ("performance_drop", "gain", "kept", "solved", "regression", "my_share"):
        words = meaning({"quantity": quantity})
        assert words.measured(1.25, "points").startswith("1.2 points ")
        below = words.measured(-1.25, "points")
        assert below.startswith("1.2 points " if words.below else "-1.2 points ")
        assert words.measured(-0.04, "points").startswith("0.0 points "), "no negative nought"
    assert all(axis.drawn(0.0) == 0.0 and axis.name == axis.name.strip() for axis in AXES.values())


@pytest.mark.parametrize(
    ("quantity", "direction", "clean", "blank", "names"),
    [
        ("performance_drop", "at_most", 90.0, None, ["claim: at most 2 lost"]),
        ("performance_drop", "at_least", 90.0, 20.0, ["blank image", "claim: at least 2 lost"]),
        ("kept", "at_least", 90.0, None, []),
        ("kept", "at_least", None, 20.0, ["blank image"]),
        ("gain", "at_least", 90.0, 20.0, ["blank image"]),
    ],
)
def test_levels_are_drawn_where_their_scores_are_known(
    quantity: str, direction: str, clean: float | None, blank: float | None, names: list[str]
) -> None:
    scores = {"clean": {"value": clean}, "blank": {"value": blank}}
    claim = {"quantity": quantity, "margin": 2.0, "direction": direction}
    assert [each.name for each in claim_levels({"claim": claim, "estimates": scores}, "ratio")] == names
