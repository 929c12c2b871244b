r"""Tables as LaTeX, set in the head: nothing that it would run, choke on or take for an argument."""

import re

import pytest

from ipllvm.paper import document, latex
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
    assert r"$-$1.0 {\scriptsize [$-$2.0, 94.0]}" in told and "($-$0.87)" in told
    assert "modèle U+0105 U+6F22" in told
