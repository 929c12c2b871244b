"""One answer for a run: if all hold, all stand; else Holm; half of "worse" is the pooled row's."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ipllvm.records import Decision
from ipllvm.reporting import html, lines, markdown, schema, terminal
from ipllvm.reporting.answer import answer_of
from ipllvm.reporting.report import build
from ipllvm.tests.reporting import reports
from ipllvm.tests.verdicts.test_release import row
from ipllvm.verdicts import release
from ipllvm.verdicts.answer import Member, decide

WORSE = "worse than the baseline"


def member(
    p_holds: float = 1.0, p_violated: float = 1.0, p_worse: float = 1.0, pooled: bool = False
) -> Member:
    return Member("claim", "data", "undecided", p_holds, p_violated, p_worse=p_worse, pooled=pooled)


def test_all_that_hold_stand_and_with_one_more_only_by_holm() -> None:
    three = [member(0.04), member(0.05), member(0.001)]
    assert [each.decision for each in decide(three).standings] == [Decision.HOLDS] * 3
    found = decide([*three, member(0.06)])
    assert found.decision is Decision.UNDECIDED
    assert [str(each.decision) for each in found.standings] == [
        "UNDECIDED",
        "UNDECIDED",
        "HOLDS",
        "UNDECIDED",
    ]
    assert found.standings[0].note == "HOLDS alone; among all claims of the run not enough (Holm p = 0.12)"


@pytest.mark.parametrize(
    ("p", "said", "note"),
    [
        ((0.5, 0.001, 0.0001), "VIOLATED", "worse than the baseline (p = 0.0001)"),
        (
            (0.5, 0.3, 0.01),
            "WORSE",
            "worse than the baseline (p = 0.01), by more than the margin is not shown",
        ),
        ((0.01, 0.9, 0.01), "HOLDS", f"{WORSE} (p = 0.01), by no more than the margin"),
        ((0.5, 0.3, 0.06), "UNDECIDED", ""),
    ],
)
def test_a_fourth_word(p: tuple[float, float, float], said: str, note: str) -> None:
    found = decide([member(*p)])
    assert (str(found.decision), found.standings[0].note) == (said, note)
    assert found.worse == bool(note)


def test_what_a_budget_takes_back_is_said() -> None:
    """Its letter is V, at 0.05: the row said UNDECIDED without a word of that, and its p was another."""
    (found,) = decide([replace(member(0.5, 0.01, 0.004), scale=50.0)]).standings
    assert found.decision is Decision.UNDECIDED and found.p_worse == pytest.approx(0.2)
    assert found.note == "VIOLATED alone; at the level that the budget leaves not enough"
    (shown,) = decide([replace(member(0.5, 0.3, 0.004), scale=5.0)]).standings
    assert shown.note == f"{WORSE} (p = 0.004), by more than the margin is not shown"


def test_half_of_the_level_is_the_pooled_rows() -> None:
    pooled = member(p_worse=0.02, pooled=True)
    rows = [member(p_worse=0.5) for _ in range(10)]
    found = decide([*rows, pooled])
    assert found.standings[-1].p_worse == pytest.approx(0.04)
    assert found.decision is Decision.WORSE
    assert decide([*rows[1:], member(p_worse=0.004)]).standings[-1].p_worse == pytest.approx(0.04)
    assert decide([*rows[1:], member(p_worse=0.004), pooled]).standings[-2].p_worse == pytest.approx(0.04), (
        "the share of what is shown is passed on"
    )


def made_row(p_holds: float, p_violated: float, name: str) -> dict[str, Any]:
    """A row as pytest ends it."""
    ended = "failed" if p_violated <= 0.05 else "passed" if p_holds <= 0.05 else "skipped"
    return row(p_holds, p_violated, name, outcome=ended, test=name)


def test_two_looks_at_the_same_numbers_never_differ() -> None:
    """Headline, page, rows, statement and exit status of drawn runs come to one answer."""
    rng = np.random.default_rng(0)
    for _ in range(60):
        drawn = rng.choice([0.003, 0.02, 0.04, 0.5, 1.0], (3, 2))
        entries = [made_row(p, q, f"c{i}") for i, (p, q) in enumerate(drawn) if max(p, q) > 0.05]
        if len(entries) < 2:
            continue
        (said,) = release.of(entries)
        made = build(entries, reports.RUN, statements=[said])
        words = {line.verdict for line in lines.lines(made)}
        expected = next(word for word in ("VIOLATED", "UNDECIDED", "HOLDS") if word in words)
        page = {"VIOLATED": "No", "UNDECIDED": "Not answered yet"}.get(expected)
        assert said.decision == expected
        assert answer_of(made).release[1] == (page or "Nothing measured stands in the way")
        assert ("violated" in answer_of(made).headline[0] and "none" not in answer_of(made).headline[0]) == (
            expected == "VIOLATED"
        )


def test_a_worse_row_is_worse_in_every_view() -> None:
    gated = row(0.5, 0.3, "regression:clean_score")
    gated["verdict"] |= {"p_worse": 0.001}
    made = build([gated, row(0.01, 1.0, "regression:permutation")], reports.RUN)
    schema.validate(made)
    assert made["results"][0]["standing"]["decision"] == "WORSE"
    assert answer_of(made).release == ("open", "Worse than the baseline")
    assert answer_of(made).headline[0] == "1 of 2 requirements worse than the baseline, none violated"
    for text in (markdown.render(made), html.render(made), "\n".join(terminal.summary(made, 200))):
        assert "WORSE" in text and "by more than the margin is not shown" in text
    items = html.render(made).lower().split("<li")
    assert max(item.count("by more than the margin is not shown") for item in items) == 1
