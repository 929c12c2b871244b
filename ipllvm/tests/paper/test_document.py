"""The page in its forms: whole, escaped, drawn."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ipllvm.paper import document, drawing, files, latex, pages, words
from ipllvm.paper.examples import PicturedExample, strip
from ipllvm.paper.measured import Measured
from ipllvm.paper.parts import chosen, parts
from ipllvm.paper.words import Document
from ipllvm.reporting import plots
from ipllvm.safety.printing import shortened
from ipllvm.tests.paper.measured import Point, estimate, measured, row, series

BAD = "<script>|`=1$_{x}"
LAYERS: list[Point] = [((float(layer),), float(layer % 4)) for layer in range(1, 9)]


def _given() -> Measured:
    cells: list[Point] = [((float(r), float(c)), 10.0 * r + c) for r in range(4) for c in range(4)]
    grids: list[Point] = [((float(grid),), 90.0 - grid) for grid in (0, 2, 4, 8, 14)]
    line: list[Point] = [
        ((float(place),), None if place == 3 else float(place % 5)) for place in range(1, 37)
    ]
    scores = {"clean": estimate(90.0, 85.0, 94.0), "permuted": estimate(80.0, 75.0, 84.0)}
    return measured(
        {
            ("permutation_invariance", BAD, "scenes"): row("scenes", scores),
            ("patch_shuffle", BAD, "scenes"): row("scenes", {}, series("shuffled", grids)),
            ("patch_information", BAD, "scenes"): row("scenes", {}, series("pil", cells)),
            ("layer_importance", BAD, "scenes"): row("scenes", {}, series("importance_max", LAYERS)),
            ("visual_token_importance", BAD, "mmvet"): row("mmvet", {}, series("importance_max", line)),
            ("text_only_math", BAD, "gsm8k"): row("gsm8k", {"clean": estimate(12.0, 10.0, 14.0)}),
        }
    )


@pytest.fixture(scope="module")
def built() -> Document:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (56, 84, 3), dtype=np.uint8))
    example = PicturedExample(
        picture, lambda _: np.arange(49.0).reshape(7, 7), picture.rotate(90), "drawn by hand"
    )
    return document.build(chosen([]), [BAD], [], _given(), ["a plan"], ["how it was made"], example)


def test_every_part_is_shown_with_its_notes(built: Document) -> None:
    shown = {each.part.key: each for each in built.parts}
    assert list(shown) == list(parts())
    assert len(shown["fig2"].pictures) == len(shown["fig1"].pictures) == 1
    assert len(shown["fig3"].examples) == len(shown["fig5"].examples) == 1
    assert any("single run" in note for note in words.notes(shown["table1"]))
    assert any("rank correlation with the printed map" in note for note in words.notes(shown["fig8"]))
    assert "filled" in words.counts(built)


def test_no_name_gets_into_a_page_as_markup(built: Document) -> None:
    html, text = pages.html(built), pages.markdown(built)
    assert "<script" not in html and "&lt;script&gt;" in html
    assert "<script" not in text and "|`=1" not in text
    rows = list(csv.DictReader(pages.table(built).splitlines()))
    assert {r["model"] for r in rows if r["value"]} == {BAD}
    table = next(each for each in built.parts if each.part.key == "table1")
    assert r"\$\_\{x\}" in latex.tabular(table) and "34.20" in latex.tabular(table)


def test_the_markdown_reads_as_it_stands(built: Document) -> None:
    told = pages.markdown(built)
    assert "the paper's figures" in told and '"up to 20 %"' in told
    assert "| 90.0 [85.0, 94.0] |" in told and "paper -0.87" in told
    assert set(re.findall(r"&[#\w]+;", told)) <= {"&lt;", "&gt;", "&amp;"}, (
        "no entity but of what would be a tag"
    )


def test_a_set_that_stands_in_needs_no_language_models_of_the_papers() -> None:
    scores = {f"{side} with a/b": estimate(25.0, 20.0, 30.0) for side in ("encoder", "projector")}
    given = measured({("alignment", BAD, "captions-mc"): row("captions-mc", scores)})
    (section,) = document.build(chosen(["fig7"]), [BAD], [], given).parts
    columns, _ = words.grid(section)
    assert [name for name in columns if name.startswith("captions-mc")] == ["captions-mc with a/b"]


def test_a_language_models_name_makes_no_column() -> None:
    given = measured({("alignment", "m", "docci"): row("docci", {"encoder with a|b": estimate(25.0)})})
    (section,) = document.build(chosen(["fig7"]), ["m"], [], given).parts
    table = [line for line in pages.markdown(Document([section], (), ())).splitlines() if line[:1] == "|"]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1


def test_a_table_is_a_tabular_with_a_row_a_line(built: Document) -> None:
    table = next(each for each in built.parts if each.part.key == "table1")
    lines = [line for line in latex.tabular(table).splitlines() if line.endswith(r"\\")]
    assert len({line.count(" & ") for line in lines}) == 1
    held = [cell for cell in table.cells if (cell.value, cell.printed) != (None, None)]
    assert len(lines) == 1 + len({(cell.model, cell.benchmark) for cell in held})


def test_it_is_written_with_its_figures(built: Document, tmp_path: Path) -> None:
    made = files.write(built, tmp_path)
    names = {path.relative_to(tmp_path).as_posix() for path in made}
    assert {"paper.html", "paper.md", "cells.csv", "table1.tex", "figures/fig2-scenes.svg"} <= names
    assert "figures/fig2-scenes.csv" in names
    for path in tmp_path.glob("figures/*.png"):
        with Image.open(path) as strip:
            assert strip.height == 160 + 18
    told = (tmp_path / "paper.md").read_text()
    assert all((tmp_path / line.partition("](")[2].rstrip(")")).is_file()
               for line in told.splitlines() if line.startswith("!["))  # fmt: skip


def test_importance_is_drawn_as_the_paper_does_what_is_left_from_0_to_1() -> None:
    found = _given().rows["visual_token_importance", BAD, "mmvet"]
    cells = drawing.grid(parts()["fig8"], found)
    flat = [value for line in cells for value in line if value is not None]
    assert [len(line) for line in cells] == [6] * 6 and cells[0][2] is None
    assert (min(flat), max(flat)) == (0.0, 1.0)
    assert cells[0][3] == 0.0, "the place with the largest importance has the least left"


def test_layers_are_drawn_from_0_to_1() -> None:
    given = measured(
        {("layer_importance", "m", "mmstar"): row("mmstar", {}, series("importance_max", LAYERS))}
    )
    (picture,) = drawing.pictures(parts()["fig9a"], ["m"], given, [])
    values = [value for _, _, value, *_ in picture.rows if isinstance(value, float)]
    assert (min(values), max(values)) == (0.0, 1.0) and len(values) == 8


def test_two_models_have_two_names_in_a_legend() -> None:
    """Both series of llava-next-tiny were "llava-next-tiny importanc…"."""
    both = row("scenes", {}, *(series(f"importance_{kind}", LAYERS) for kind in ("max", "mean")))
    names = ["llava-next-tiny", "/models/candidate/checkpoint-500", "/models/candidate/checkpoint-1000"]
    curves = [curve for name in names for curve in drawing.lines(parts()["fig9a"], name, both)]
    assert len({shortened(curve.name, plots.LABEL) for curve in curves}) == len(curves) == 6


@pytest.mark.parametrize("known", [0, 1, 3])
def test_the_images_share_is_drawn_where_it_is_known_and_else_it_is_said(known: int) -> None:
    """That of a model whose first layer alone matters was not drawn, without a word."""
    points: list[Point] = [((layer + 1.0,), 30.0 if layer < known else None) for layer in range(6)]
    found = row("charts", {}, series("image_share", points, "%"), crossing="none, no lead in the first")
    part = document.build(
        chosen(["fig9b"]), ["m"], [], measured({("modality_importance", "m", "charts"): found})
    ).parts[0]
    assert [len(picture.rows) for picture in part.pictures] == [known][: known > 0]
    for (axes,) in (picture.draw().axes for picture in part.pictures):
        low, high = axes.get_ylim()
        assert low < 0 and high > 1, "the whole of a share, as in the paper"
        assert bool(axes.collections) and np.asarray(axes.lines[-1].get_ydata())[0] == 0.5, (
            "its interval, and a half"
        )
    assert ("m on charts: no curve: its value can be told at no layer" in part.remarks) is (known == 0)


def test_maps_are_compared_by_ranks_where_their_sizes_agree() -> None:
    same = [[1.0, 2.0], [3.0, 5.0]]
    assert drawing.with_printed_map(same, [[0.1, 0.2], [0.3, 0.9]]) == pytest.approx(1.0)
    assert drawing.with_printed_map(same, [[9.0, 8.0], [7.0, 1.0]]) == pytest.approx(-1.0)
    assert drawing.with_printed_map(same, [[1.0, 2.0, 3.0]]) is None
    assert drawing.with_printed_map([[1.0, 1.0], [1.0, 1.0]], same) is None


def test_what_was_measured_comes_first(built: Document) -> None:
    table = next(each for each in built.parts if each.part.key == "table1")
    columns, rows = words.grid(table)
    assert columns[0] == "scenes" and rows[0][0] == BAD
    assert {model for model, _, cells in rows for cell in cells if cell and cell.value is not None} == {BAD}


def test_a_flat_map_is_none(built: Document) -> None:
    part = parts()["fig8"]
    points = [{"at": [n], "value": 20.0} for n in range(16)]
    flat = {"series": [{"name": "importance_max", "axes": ["group"], "points": points}]}
    assert drawing.grid(part, flat) == []
    points[3]["value"] = 30.0
    assert sum(value == 0.0 for row in drawing.grid(part, flat) for value in row) == 1


def test_examples_are_of_one_size_and_named() -> None:
    small, wide = Image.new("RGB", (10, 20), "red"), Image.new("RGB", (600, 300), "blue")
    whole = strip({"small": small, "wide": wide})
    assert whole.size == (160 + 8 + 160, 160 + 18)
    assert whole.getpixel((80, 5)) == (255, 0, 0) and whole.getpixel((168 + 2, 80)) == (0, 0, 255)
    assert whole.crop((0, 160, 160, 178)).getextrema() != ((255, 255),) * 3, "a name stands below"


def test_a_reason_that_several_models_have_is_told_once() -> None:
    section = document.build(chosen(["fig1"]), ["m", "n"], [], _given()).parts[0]
    (line,) = (line for line in section.remarks if "NOT TESTED" in line)
    assert line.startswith("NOT TESTED: m, n on mmstar, mme: ") and "ipllvm data get mmstar mme" in line


def test_a_figure_of_models_of_which_none_was_asked_for_says_so_and_how_to_ask() -> None:
    encoders, curves = document.build(chosen(["fig6"]), ["m"], [], _given()).parts
    (line,) = (line for line in encoders.remarks if "NOT TESTED" in line)
    assert line.startswith("NOT TESTED: models that only name classes were not asked for: ")
    assert line.endswith("ipllvm paper --models vit-tiny resnet-tiny --only fig6a")
    (line,) = (line for line in curves.remarks if "NOT TESTED" in line)
    assert line.startswith("NOT TESTED: m on ai2d: ")


def test_models_that_were_not_asked_for_are_told_in_one_line_with_one_command() -> None:
    (section,) = document.build(chosen(["table1"]), [], [], _given()).parts
    (line,) = (line for line in words.reasons(section) if "not asked for" in line)
    assert line.startswith("NOT TESTED: llava-1.5, llava-next, llava-ov on mmvp, qbench, ")
    assert line.endswith(": not asked for: ipllvm paper --models llava-1.5 llava-next llava-ov --only table1")


def test_of_what_is_not_there_a_model_says_so_once_and_keeps_the_printed_values() -> None:
    (section,) = document.build(chosen(["table1"]), [], [], _given()).parts
    columns, rows = words.grid(section)
    assert words.folded(rows) == {(r, c) for r in range(9) if r % 3 for c in range(len(columns) - 1)}
    page = pages.markdown(Document([section], (), ()))
    line = next(line for line in page.splitlines() if "Perm." in line)
    assert "NOT TESTED" not in line and "paper 36.00" in line


def test_a_set_that_is_measured_in_part_says_of_each_score_that_it_is_not_tested() -> None:
    scores = {"clean": estimate(90.0, 85.0, 94.0)}
    given = measured({("permutation_invariance", "llava-1.5", "qbench"): row("qbench@paper", scores)})
    (section,) = document.build(chosen(["table1"]), ["llava-1.5"], [], given).parts
    columns, rows = words.grid(section)
    below = words.folded(rows)
    assert not any((r, columns.index("qbench")) in below for r in range(3)) and rows[0][0] == "llava-1.5"
