"""What a gate leaves in a CI job: a comment, outputs for later steps and annotations that agree with it."""

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.gate.answers import FlippedSample
from ipllvm.gate.outcome import Change, Gate
from ipllvm.records import Claim, ClaimKey, Decision, Estimate, Verdict
from ipllvm.reporting import ci, comments
from ipllvm.tests.reporting.hostile import HOSTILE
from ipllvm.verdicts.failing import FailRule

P = {Decision.HOLDS: (1e-6, 1.0), Decision.VIOLATED: (1.0, 1e-6), Decision.UNDECIDED: (0.4, 0.5)}
"""p of the two sides, by what they lead to."""


def change(
    name: str = "image_use",
    decision: Decision = Decision.HOLDS,
    value: float | None = 0.5,
    *,
    benchmark: str = "scenes",
    kind: str = "requirement",
    p_worse: float | None = 0.4,
    needed: int | None = None,
    turned: tuple[FlippedSample, ...] = (),
    improved: bool = False,
) -> Change:
    """What became of one claim on 300 samples."""
    claim = Claim(f"regression:{name}", "regression", "at_most", 2.0, kind, "baseline release-1", "no worse")
    found = Estimate(
        "regression", "points", value, -1.25, 2.25, "score interval", 300, 60, 1, discordant=(6, 4)
    )
    verdict = Verdict(decision, f"because of {name}", *P[decision], 1.5, needed, p_worse)
    key = ClaimKey(name, claim.name, benchmark)
    return Change(key, claim, 95.3, 94.9, found, verdict, improved, turned)


def table(comment: str) -> list[list[str]]:
    """The cells of a comment's rows, without head and rule."""
    rows = [line for line in comment.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_a_row_has_both_scores_the_difference_and_who_flipped() -> None:
    gate = Gate((change(), change("clean_score", Decision.VIOLATED, 9.04, benchmark="charts")))
    assert table(ci.comment("No", gate)) == [
        ["HOLDS", "image_use", "scenes", "95.3", "94.9", "0.5 &#91;-1.2, 2.2&#93;", "2", "6, 4"],
        ["VIOLATED", "clean_score", "charts", "95.3", "94.9", "9.0 &#91;-1.2, 2.2&#93;", "2", "6, 4"],
    ]


def test_a_gate_of_nothing_is_an_answer_and_an_empty_table() -> None:
    said = ci.comment("Nothing was compared", Gate(()))
    assert said.startswith(f"{ci.MARK}\n\n**Nothing was compared**\n\n| ") and table(said) == []
    assert ci.outputs(Gate(()), "incomplete") == {
        "verdict": "incomplete",
        "delta": "",
        "p": "",
        "samples-needed": "",
    }
    assert [*ci.problems(Gate(()))] == []


def test_a_claim_of_two_is_named_by_both_names() -> None:
    first, second = change("image_use"), change("clean")
    second = replace(second, key=second.key._replace(property="image_use"))
    names = [row[1] for row in table(ci.comment("Yes", Gate((first, second))))]
    assert names == ["image_use (image use)", "image_use (clean)"]
    elsewhere = replace(second, key=second.key._replace(benchmark="charts"))
    assert [row[1] for row in table(ci.comment("Yes", Gate((first, elsewhere))))] == ["image_use"] * 2


def test_an_open_bound_and_a_lost_score_are_not_available() -> None:
    found = change(value=None)
    nothing = Estimate("regression", "points", None, -inf, inf, "x", 0, 0, 1)
    lost = replace(found, before=None, after=None, estimate=nothing)
    (row,) = table(ci.comment("?", Gate((lost,))))
    assert row[3:6] == ["n/a", "n/a", "n/a &#91;n/a, n/a&#93;"]
    assert ci.outputs(Gate((lost,)), "incomplete")["delta"] == "0"


@pytest.mark.parametrize(
    ("changes", "delta", "p", "needed"),
    [
        ([change(value=0.5), change("b", value=1.5)], "1.5", "1", ""),
        ([change(value=-3.0)], "-3", "1", ""),
        ([change("a", Decision.VIOLATED, 3.0), change("b", value=9.0)], "3", "1e-06", ""),
        (
            [change("a", Decision.VIOLATED, 3.0), change("b", Decision.VIOLATED, 12.34567)],
            "12.35",
            "1e-06",
            "",
        ),
        ([change(decision=Decision.UNDECIDED, value=1.0, needed=671)], "1", "0.5", "671"),
        ([change(kind="observation", decision=Decision.VIOLATED, value=8.0), change("b")], "8", "1e-06", ""),
    ],
)
def test_outputs_are_of_the_worst_that_fails_else_of_the_worst(
    changes: list[Change], delta: str, p: str, needed: str
) -> None:
    found = ci.outputs(Gate(tuple(changes)), "fail")
    assert found == {"verdict": "fail", "delta": delta, "p": p, "samples-needed": needed}


def test_of_what_is_worse_at_all_the_p_of_that_question_counts() -> None:
    worse = change(decision=Decision.UNDECIDED, value=1.9, p_worse=1e-5)
    for fail_on, fails in (("violated", False), ("worse", True)):
        gate = Gate((worse,), rule=FailRule(fail_on))
        assert gate.standing(worse) == "WORSE" and gate.fails(worse) is fails
        assert ci.outputs(gate, "fail")["p"] == "1e-05"
        assert len([*ci.problems(gate)]) == fails


@pytest.mark.parametrize("fail_undecided", [False, True])
def test_annotations_are_what_stands_in_the_way(fail_undecided: bool) -> None:
    open_, bad = change("a", Decision.UNDECIDED), change("b", Decision.VIOLATED, benchmark="charts")
    found = change("c", Decision.VIOLATED, kind="observation")
    gate = Gate((open_, bad, found, change("d")), rule=FailRule(fail_undecided=fail_undecided))
    told = [*ci.problems(gate)]
    assert told[-1].startswith("VIOLATED b on charts: because of b")
    assert [line.split()[:2] for line in told[:-1]] == ([["UNDECIDED", "a"]] if fail_undecided else [])


def test_what_was_not_compared_is_told_in_comment_and_annotations() -> None:
    key = ClaimKey("image_use", "image_use", "scenes")
    gate = Gate(
        (change("d", improved=True),),
        refused=((key, "its questions differ"),),
        missing=(ClaimKey("order", "order", "charts"),),
        added=(ClaimKey("order", "order", "objects"),),
        notes=("a note with | and <b>",),
    )
    lines = [*ci.problems(gate)]
    assert lines == [
        "not compared image_use (image_use) on scenes: its questions differ",
        "missing order (order) on charts: it is in the baseline and not in this run; "
        "renamed to order (order) on objects?",
        "new order (order) on objects: it is not in the baseline; save one that has it with --save-baseline",
        "improved d (regression:d) on scenes: refresh the baseline with --save-baseline=NAME",
        "a note with | and <b>",
    ]
    comment = ci.comment("Incomplete", gate)
    assert len([line for line in comment.splitlines() if line.startswith("- ")]) == len(lines)
    assert "<b>" not in comment and "&#124;" in comment


def test_the_worst_three_samples_of_the_worst_comparison_are_shown() -> None:
    lost = tuple(FlippedSample(f"s{place}", worse=1.0) for place in range(5))
    mild = (FlippedSample("mild", worse=1.0),)
    gate = Gate((change("a", value=1.0, turned=mild), change("b", value=7.0, turned=lost)))
    comment = ci.comment("No", gate)
    assert "Worst on scenes (b):" in comment and "mild" not in comment
    assert [f"s{place}" in comment for place in range(5)] == [True] * 3 + [False] * 2
    bare = Gate((change("a", value=1.0, turned=mild), change("b", value=7.0)))
    assert "Worst on scenes (a):" in ci.comment("No", bare), "the worst that has kept any"


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_names_and_answers_hold_stays_text(text: str) -> None:
    sample = FlippedSample(text, worse=1.0)
    found = change(text, Decision.VIOLATED, benchmark=text, turned=(sample,))
    gate = Gate((found,), refused=((ClaimKey(text, text, text), text),), notes=(text,))
    comment = ci.comment(text, gate)
    assert all(len(row) == len(ci.HEAD) for row in table(comment))
    assert comment.count("<") == 1, "its mark is the only element"
    assert not any(char in comment for char in "\x1b\x00\u202e\u2028")
    assert "](" not in comment and "@octocat" not in comment


@settings(max_examples=50)
@given(st.lists(st.integers(0, 400), max_size=60), st.integers(0, 4000))
def test_a_cut_text_fits_ends_behind_a_line_and_closes_what_is_open(lengths: list[int], room: int) -> None:
    lines = [f"<details>{'é' * length}" if length % 3 else "x" * length + "</details>" for length in lengths]
    text = "".join(f"{line}\n" for line in lines)
    cut = comments.fitting(text, room)
    assert len(cut.encode()) <= room or cut == text
    if len(text.encode()) <= room:
        assert cut == text
    elif cut:
        assert cut.endswith(comments.CUT)
        kept = cut.removesuffix(comments.CUT)
        whole = kept.splitlines(), kept.removesuffix("</details>").splitlines()
        assert lines[: len(whole[0])] in whole


def test_a_comment_of_a_thousand_comparisons_is_one_that_github_takes() -> None:
    gate = Gate(tuple(change(f"p{place}", benchmark="b" * 60) for place in range(1000)))
    comment = ci.comment("Yes", gate)
    assert len(comment.encode()) <= comments.COMMENT_LIMIT and comment.endswith(comments.CUT)
    assert comment.startswith(ci.MARK), "or the next run would not find and replace it"


@pytest.mark.parametrize("name", ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"])
@pytest.mark.parametrize("value", ["", " ", "javascript:alert(1)", "a b", "x](y", "\n41", "<b>"])
def test_no_link_is_made_of_what_is_no_job(name: str, value: str) -> None:
    good = {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "org/name",
        "GITHUB_RUN_ID": "41",
    }
    assert ci.job_link(good).startswith("[The job](https://github.com/org/name/actions/runs/41)")
    assert ci.job_link({**good, name: value}) == ""
    assert ci.job_link({each: text for each, text in good.items() if each != name}) == ""
