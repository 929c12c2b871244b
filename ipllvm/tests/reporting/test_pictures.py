"""Pictures: drawn from any values, the same again, readable as files and as tables."""

import csv
import io
import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from ipllvm.records import Point
from ipllvm.reporting import canvas, exports, inlining, plots
from ipllvm.reporting.heat import heat as draw_map
from ipllvm.tests.reporting import drawn, reports
from ipllvm.tests.reporting.hostile import HOSTILE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SPAN = plots.Span("scenes", 0.4, -0.8, 1.6, "HOLDS")
CURVE = plots.Curve("random", (0.0, 0.5), (9.0, 4.0), (8.0, 3.0), (10.0, 5.0))


def forest() -> "Figure":
    return plots.forest([SPAN, replace(SPAN, low=None, standing="VIOLATED")], 2.0, "at_most", "points lost")


def levels() -> "Figure":
    scores = [("clean", [SPAN, None]), ("blank", [replace(SPAN, low=None, high=None), None])]
    return plots.levels(["scenes", "charts"], scores, "score")


def curves() -> "Figure":
    names = ("random", "importance by the mean", "importance by the worst")
    found = [replace(CURVE, name=name) for name in names]
    return plots.curves(
        found, "ratio", "points", [plots.Level("blank image", 3.0), plots.Level("claim", 6.0, True, 0.5)]
    )


def heat() -> "Figure":
    return draw_map([[0.0, 1.0], [None, 3.0]], Image.new("RGB", (8, 8), "red"), (0.0, 9.0))


@pytest.mark.parametrize("draw", [forest, levels, curves, heat])
def test_a_drawing_has_ink_and_stays_inside(draw: "Callable[[], Figure]") -> None:
    picture = np.asarray(Image.open(io.BytesIO(canvas.png(draw, "x"))).convert("L"))
    assert (picture < 128).mean() > 0.001
    edges = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert edges.min() > 250


@pytest.mark.parametrize("draw", [forest, levels, curves, heat])
def test_a_drawing_is_the_same_again_and_follows_the_page(draw: "Callable[[], Figure]") -> None:
    text = inlining.inline(draw, "x")
    assert text == inlining.inline(draw, "x")
    assert text.startswith("<svg viewBox=")
    assert "var(--soft)" in text
    assert not [colour for colour in canvas.ROLES.values() if colour in text]
    assert canvas.svg(draw, "x") == canvas.svg(draw, "x")
    assert "var(" not in canvas.svg(draw, "x")


def test_two_drawings_share_no_id() -> None:
    import re

    first, second = (set(re.findall(r' id="(.*?)"', inlining.inline(curves, name))) for name in "ab")
    assert first
    assert not first & second


@pytest.mark.parametrize("name", [*HOSTILE, "$x_1$ and $", "漢字 عربى"])
def test_any_name_can_be_drawn(name: str) -> None:
    from ipllvm.reporting.text import visible

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = inlining.inline(lambda: plots.levels([visible(name)], [(visible(name), [SPAN])], "score"), "x")
    assert "<script" not in text


@pytest.mark.parametrize("value", [0.0, 50.0, -1e9, 1e9])
def test_values_that_do_not_differ_can_be_drawn(value: float) -> None:
    flat = plots.Span("a", value, value, value)
    canvas.svg(lambda: plots.forest([flat], value, "at_least", "x"), "x")
    canvas.svg(lambda: draw_map([[value, value]]), "x")


def test_what_was_not_measured_is_left_out_and_the_table_says_so() -> None:
    none = tuple(Point(point.at, None) for point in drawn.MAP.points)
    made = reports.report(replace(drawn.result(), series=(replace(drawn.MAP, points=none), drawn.CURVE)))
    names = [picture.name for picture in exports.pictures(made)]
    assert names == [
        "01-01-patch-information-performance-drop",
        "01-02-patch-information-scores",
        "01-03-patch-information-easyvqa-llava-tiny-by-ratio",
    ]
    *_, curve = exports.pictures(made)
    assert curve.rows[-1] == ("random", 90.0, None, None, None)


def test_pictures_land_as_svg_png_and_csv(tmp_path: Path) -> None:
    written = exports.write(drawn.report(), tmp_path / "figures")
    assert {path.suffix for path in written} == {".svg", ".png", ".csv"}
    (file,) = (path for path in written if path.name.endswith("-lost.csv"))
    rows = list(csv.reader(file.read_text().splitlines()))
    assert rows[0] == ["row", "column", "value", "low", "high"]
    assert rows[4] == ["1", "1", "3.0", "", ""]


def test_no_cell_of_a_csv_is_a_formula() -> None:
    made = reports.report(replace(drawn.result(), series=(replace(drawn.CURVE, name="=1+1"),)))
    *_, curve = exports.pictures(made)
    assert "'=1+1,0,9.0,8,10" in exports.table(curve)


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1+cmd", "@x", " =1", "\t=1", "\r=1", "\uff1d1", "\uff20x", "\nx"]
)
def test_what_a_spreadsheet_would_run_stands_behind_an_apostrophe(text: str) -> None:
    assert exports.plain(text) == f"'{text}"
    assert exports.plain(-1.0) == -1.0 and exports.plain("a=1") == "a=1" and exports.plain("") == ""


def test_curves_of_one_axis_are_drawn_together() -> None:
    (curve,) = (p for p in exports.pictures(reports.report(drawn.result())) if p.columns[0] == "curve")
    assert {row[0] for row in curve.rows} == {"random", "salient"}
    assert "random, salient by share of the image in black" in curve.alt
    assert "random: 0: 9.0, 50: 4.0" in curve.alt


def test_a_map_that_is_no_picture_is_drawn_as_curves() -> None:
    by_draw = replace(drawn.MAP, name="scores", quantity="score of each draw", axes=("layer", "draw"))
    made = reports.report(replace(drawn.result(), series=(by_draw,)))
    *_, curve = exports.pictures(made)
    assert curve.columns == ("curve", "decoder layer, from the bottom", "value", "low", "high")
    assert [row[:3] for row in curve.rows] == [
        ("draw 1", 1, 0.0), ("draw 1", 2, 2.0), ("draw 2", 1, 1.0), ("draw 2", 2, 3.0),
    ]  # fmt: skip


def test_the_name_of_the_upright_axis_is_whole() -> None:
    """What it measures stood to the left of the axis: of "from 0 to 1" the page showed "n 0 to 1"."""
    line = plots.Curve("m", (1.0, 2.0), (0.0, 1.0), (None, None), (None, None))
    figure = plots.curves([line], "layer", "from 0 to 1")
    figure.canvas.draw()
    (name,) = [text for text in figure.findobj(Text) if text.get_text() == "from 0 to 1"]
    box = name.get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.x1
    assert box.y0 >= figure.axes[0].bbox.y1, "above the axes"


def test_no_two_of_many_curves_look_alike() -> None:
    """The fifth had the colour and the dashes of the first: three ways of dropping by two encoders."""
    assert len({plots._line(number) for number in range(16)}) == 16


def test_marks_have_titles_for_who_points_at_them() -> None:
    """In the file and in the page, each mark its own, hostile names as text."""
    hostile = replace(CURVE, name='a<b>"&␞|c')
    for text in (
        canvas.svg(lambda: plots.curves([hostile], "ratio", "points"), "x"),
        inlining.inline(lambda: plots.curves([hostile], "ratio", "points"), "x"),
    ):
        marks = [
            mark.replace("&quot;", '"') for mark in re.findall(r"<use [^>]*><title>(.*?)</title></use>", text)
        ]
        assert marks == [
            'a&lt;b&gt;"&amp; |c at 0: 9.0 [8.0, 10.0]', 'a&lt;b&gt;"&amp; |c at 0.5: 4.0 [3.0, 5.0]'
        ]  # fmt: skip
        assert "titles:" not in text
    unbounded = inlining.inline(lambda: plots.forest([replace(SPAN, low=None)], 2.0, "at_most", "x"), "x")
    assert "<title>scenes: 0.4 [n/a, 1.6]</title>" in unbounded


def test_a_bound_that_is_not_known_is_not_told() -> None:
    open_ = plots.Curve("draw 1", (0.0, 1.0), (4.0, 5.0), (None, None), (None, 9.0))
    text = inlining.inline(lambda: plots.curves([open_], "x", "score"), "x")
    assert "draw 1 at 0: 4.0<" in text and "draw 1 at 1: 5.0 [n/a, 9.0]<" in text
