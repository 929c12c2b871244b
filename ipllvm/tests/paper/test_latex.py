r"""Tables as LaTeX, set in the head: nothing that it would run, choke on or take for an argument."""

import re

import pytest

from ipllvm.paper import document, latex, words
from ipllvm.paper.parts import chosen
from ipllvm.tests.paper.measured import estimate, measured, row
from ipllvm.tests.reporting.hostile import HOSTILE

COMMANDS = {"textbackslash", "textasciitilde", "textasciicircum", "textless", "textgreater", "textbar",
            "textasciigrave", "char", "Delta", "leq", "geq", "dots"}  # fmt: skip


def _tabular(name: str) -> str:
    scores = {"clean": estimate(-1.0, -2.0, 94.0), "permuted": estimate(80.0, 75.0, 84.0)}
    given = measured({("permutation_invariance", name, "scenes"): row("scenes", scores)})
    (section,) = document.build(chosen(["table1"]), [name], [], given).parts
    return latex.tabular(section)


@pytest.mark.parametrize(
    "name", [*HOSTILE, "100% of a_b & c#1 ~^", "[0pt] x", "* x", r"\input{x}", "漢字 é ą"]
)
def test_no_name_does_harm(name: str) -> None:
    shown = latex.plain(name)
    assert set(re.findall(r"\\([a-zA-Z]+)", shown)) <= COMMANDS
    assert not re.search(r"(?<!\\)[&%#_]", shown) and shown.isprintable()
    assert all(char < "\u0180" for char in shown)
    assert shown.count("{") == shown.count("}"), "braces stand in pairs"
    lines = [line for line in _tabular(name).splitlines() if line.endswith(r"\\")]
    assert len({len(re.findall(r"(?<!\\) & ", line)) for line in lines}) == 1


@pytest.mark.parametrize("name", ["[0pt]", "*", "[x] y"])
def test_no_row_begins_with_an_argument_of_the_row_above(name: str) -> None:
    lines = _tabular(name).splitlines()
    ends = (line for line, before in zip(lines[1:], lines, strict=False) if before.endswith((r"\\", "rule")))
    assert not any(line.lstrip().startswith(("[", "*")) for line in ends)


def test_a_negative_number_has_a_minus_and_a_language_its_letters() -> None:
    told = _tabular("modèle ą 漢")
    assert r"$-$1.0 {\scriptsize [$-$2.0, 94.0]}" in told and "modèle" in told
    printed = latex.tabular(document.build(chosen(["table1"]), ["llava-1.5"], [], measured({})).parts[0])
    assert "-- ($-$0.87)" in printed
    assert "modèle U+0105 U+6F22" in told


@pytest.mark.parametrize("part", ["table1", "table2", "table3", "categories", "fig4", "fig7"])
def test_a_table_is_no_wider_than_its_shorter_side(part: str) -> None:
    """Eleven columns, each with an interval and a printed value, ran over the edge of every page."""
    (section,) = document.build(chosen([part]), ["llava-1.5", "llava-next"], [], measured({})).parts
    columns, rows = words.grid(section)
    told = latex.tabular(section)
    spec = re.search(r"begin\{tabular\}\{(ll)(r*)\}", told)
    assert spec is not None and len(spec[2]) == min(len(columns), len({label for _, label, _ in rows}))
    lines = [line for line in told.splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\) ?& ", line)) for line in lines} == {len(spec[2]) + 1}


def test_rows_that_hold_nothing_are_left_out_and_counted() -> None:
    told = _tabular("m")
    assert "% 10 rows are left out, which hold neither" in told
    assert [line.split(" & ")[:2] for line in told.splitlines() if line.startswith("m &")] == [
        ["m", "scenes"],
        ["m", "Avg."],
    ]
    assert "left out" not in latex.tabular(
        document.build(chosen(["table1"]), ["llava-1.5"], [], measured({})).parts[0]
    )


def test_every_environment_and_group_is_closed() -> None:
    (section,) = document.build(chosen(["table2"]), ["llava-1.5", "meteor"], [], measured({})).parts
    told = latex.tabular(section)
    assert re.findall(r"\\(begin|end)\{(\w+)\}", told) == [("begin", "tabular"), ("end", "tabular")]
    assert told.count(r"\toprule") == told.count(r"\midrule") == told.count(r"\bottomrule") == 1
    assert told.count("{") == told.count("}") and told.count("$") % 2 == 0
    assert told.count(r"\addlinespace") == len(dict.fromkeys(cell.model for cell in section.cells)) - 1
    assert not told.splitlines()[-2].endswith(r"\addlinespace")
