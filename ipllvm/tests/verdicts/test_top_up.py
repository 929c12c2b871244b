"""A longer run after a first one: alpha is shared, looks are remembered, what was spent already is told."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from ipllvm.calibration.distributions import Design, Flips
from ipllvm.calibration.fixed import claim
from ipllvm.errors import UsageError
from ipllvm.evaluation.schedules import Noted
from ipllvm.records import Decision, Verdict
from ipllvm.sampling import generator
from ipllvm.session.combinations import check
from ipllvm.stats.spending import levels
from ipllvm.tests.stats.contrasts import flips
from ipllvm.verdicts.top_up import FILE, Book, Look, over_all


def test_looks_are_remembered_by_samples(tmp_path: Path) -> None:
    book = Book(tmp_path / "deep")
    assert book.of("k") == []
    first, second = Look("k", 300, 0.3, 0.9, 1500), Look("k", 1500, 0.04, 0.9, 1500)
    for look in (second, first, first, Look("other", 10, 0.1, 0.9)):
        book.add(look)
    assert Book(tmp_path / "deep").of("k") == [second, first], "as they were taken"
    file = tmp_path / "deep" / FILE
    assert len(file.read_text().splitlines()) == 3
    file.write_text(file.read_text() + '{"key": "k", "samp')
    assert len(book.of("k")) == 2, "a line that was cut off is no look"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="the looks that were taken can't be read"):
        book.of("k")


def test_a_look_after_half_a_line_is_paid_for_too(tmp_path: Path) -> None:
    """A process that was killed may have left one: what was written behind it had been lost."""
    first, second = Look("k", 300, 0.3, 0.9), Look("k", 600, 0.2, 0.9)
    Book(tmp_path).add(first)
    file = tmp_path / FILE
    file.write_text(file.read_text() + '{"key": "k", "samp')
    Book(tmp_path).add(second)
    assert Book(tmp_path).of("k") == [first, second]


def test_a_second_look_needs_more_than_it_would_alone(tmp_path: Path) -> None:
    verdicts = [
        Noted(Book(tmp_path), "p m b 0", 1500).decide(flips(n, lost), claim(), None, 1500)
        for n, lost in ((300, 6), (1500, 20))
    ]
    alone = Noted(Book(tmp_path / "else"), "p m b 0", None).decide(flips(1500, 20), claim(), None, 1500)
    assert verdicts[0].decision is Decision.UNDECIDED and "look 1 of 1500" in verdicts[0].reason
    assert alone.p_holds < verdicts[1].p_holds < 2 * alone.p_holds
    assert "look 2 of 1500 planned samples, level 0.039, after 300" in verdicts[1].reason
    again = Noted(Book(tmp_path), "p m b 0", 1500).decide(flips(1500, 20), claim(), None, 1500)
    assert again == verdicts[1], "a look that is repeated spends nothing"


def test_what_was_stopped_is_no_look(tmp_path: Path) -> None:
    """Nothing was decided: the run that goes on pays for nothing, and its looks are those that were seen."""
    stopped = Noted(Book(tmp_path), "p m b 0", 1500).glimpsed(flips(300, 0), claim(), None, 1500)
    assert stopped.p_holds < 1 and not (tmp_path / FILE).exists()


def test_a_first_look_that_planned_none_is_told(tmp_path: Path) -> None:
    Noted(Book(tmp_path), "p m b 0", None).decide(flips(300, 6), claim(), None, 1500)
    found = Noted(Book(tmp_path), "p m b 0", 1500).decide(flips(1500, 5), claim(), None, 1500)
    assert found.decision is Decision.HOLDS
    assert "the look at 300 was taken at the whole of alpha: both together may err in 8.9 %" in found.reason


PLANS = {
    "one plan": ([(60, 300), (120, 300), (300, 300)], ""),
    "more than was planned": ([(60, 300), (300, 300), (760, 760)], "looks at 60, 300 were of 300 planned"),
    "longer and longer": (
        [(300, 300), (600, 600), (1200, 1200), (2400, 2400)],
        "the look at 300 was one of 300 planned, the look at 600 was one of 600 planned, the look at 1200",
    ),
    "planned anew before the end": ([(60, 300), (760, 760)], "the look at 60 was one of 300 planned"),
    "beyond the plan": ([(300, 300), (400, 300)], "the look at 300 was one of 300 planned"),
    "unplanned, then another plan": ([(60, 0), (300, 300), (760, 760)], "whole of alpha, the look at 300"),
}


def test_a_plain_run_tells_of_planned_looks_that_were_taken_before(tmp_path: Path) -> None:
    """It is a look at the whole of alpha beside theirs; as it was decided it stays."""
    alone = Noted(Book(tmp_path / "else"), "k", None).decide(flips(760, 2), claim(), None, 1500)
    for planned, n in ((1500, 300), (1500, 500)):
        Noted(Book(tmp_path), "k", planned).decide(flips(n, 2), claim(), None, 1500)
    plain = Noted(Book(tmp_path), "k", None).decide(flips(760, 2), claim(), None, 1500)
    assert replace(plain, reason=alone.reason) == alone
    added = plain.reason.removeprefix(alone.reason)
    assert re.fullmatch(
        r"; the looks at 300, 500 were of 1500 planned: all together may err in [\d.]+ % of runs; "
        "plan with --top-up before the first look",
        added,
    )
    share = float(added.partition("err in ")[2].partition(" %")[0])
    assert 5 < share < 10
    again = Noted(Book(tmp_path), "k", None).decide(flips(760, 2), claim(), None, 1500)
    assert again == plain, "a look that is repeated is one"
    third = Noted(Book(tmp_path), "k", None).decide(flips(900, 2), claim(), None, 1500).reason
    assert "; the look at 760 was taken at the whole of alpha, the looks at 300, 500 were of 1500" in third


def test_a_plain_run_after_plain_ones_or_at_the_planned_samples_again_is_as_it_was(tmp_path: Path) -> None:
    decided = {
        n: Noted(Book(tmp_path), "k", None).decide(flips(n, 2), claim(), None, 1500) for n in (300, 760)
    }
    assert all("may err" not in found.reason for found in decided.values())
    Noted(Book(tmp_path / "b"), "k", 1500).decide(flips(300, 2), claim(), None, 1500)
    again = Noted(Book(tmp_path / "b"), "k", None).decide(flips(300, 2), claim(), None, 1500)
    assert again == decided[300]


@pytest.mark.parametrize("name", PLANS)
def test_what_looks_of_another_plan_spent_is_told(name: str) -> None:
    """By their own levels, and at least as much as they err: a walk that stands at the margin."""
    looks, words = PLANS[name]
    series = [Look("k", n, 0.3, 0.9, planned) for n, planned in looks]
    steps = np.diff([0, *(n for n, _ in looks)])
    walks = generator(8).normal(size=(20_000, len(looks))) * np.sqrt(steps)
    p_values = ndtr(-np.cumsum(walks, axis=1) / np.sqrt(np.cumsum(steps)))
    false = np.zeros(len(walks), dtype=bool)
    for at, (n, planned) in enumerate(looks):
        shares = tuple(each.samples / max(planned, n) for each in series[: at + 1])
        false |= p_values[:, at] <= levels(shares if planned else (1.0,))[-1]
    now = Verdict(Decision.UNDECIDED, "open", 0.3, 0.9)
    reason = over_all(now, claim(), series[-1], series[:-1]).reason
    assert (words in reason) and ("together may err in" in reason) is bool(words)
    told = float(reason.partition("may err in ")[2].partition(" %")[0] or 5)
    assert 100 * false.mean() <= told + 0.5 <= 1.6 * 100 * false.mean() + 3.5


def test_what_was_decided_before_stays() -> None:
    now = Verdict(Decision.UNDECIDED, "open", 0.4, 0.9)
    found = over_all(now, claim(), Look("k", 1500, 0.4, 0.9, 1500), [Look("k", 300, 0.001, 0.9, 1500)])
    assert (
        found.decision is Decision.HOLDS
        and found.reason.startswith("decided at an earlier look")
        and "level 0.039" in found.reason
    )


@pytest.mark.parametrize(
    ("counts", "p_values", "planned"),
    [
        ([1500, 300], [0.3, 0.04], 0),
        ([1500, 300], [0.3, 0.001], 1500),
        ([600, 1500, 900], [0.3, 0.3, 0.01], 3000),
        ([900, 300], [0.2, 0.0001], 3000),
    ],
)
def test_fewer_samples_after_more_decide_nothing(
    counts: list[int], p_values: list[float], planned: int
) -> None:
    *earlier, look = (Look("k", n, p, 0.9, planned) for n, p in zip(counts, p_values, strict=True))
    found = over_all(Verdict(Decision.HOLDS, "inside", look.p_holds, 0.9), claim(), look, earlier)
    assert found.decision is Decision.UNDECIDED and found.p_holds > 0.999 * min(p_values[:-1])
    assert f"after {', '.join(map(str, counts[:-1]))}" in found.reason and "level 0," in found.reason
    assert ("at the whole of alpha" in found.reason) is (planned == 0)


def test_fewer_samples_after_more_do_not_undo_what_was_decided() -> None:
    now = Verdict(Decision.UNDECIDED, "open", 0.4, 0.9)
    found = over_all(now, claim(), Look("k", 300, 0.4, 0.9, 1500), [Look("k", 1500, 0.001, 0.9, 1500)])
    assert found.decision is Decision.HOLDS and found.reason.startswith("decided at an earlier look")


def test_a_look_that_is_repeated_after_a_longer_one_says_what_it_said() -> None:
    first, second = Look("k", 300, 0.01, 0.9, 1500), Look("k", 1500, 0.2, 0.9, 1500)
    verdict = Verdict(Decision.HOLDS, "inside", 0.01, 0.9)
    assert over_all(verdict, claim(), first, [first, second]) == over_all(verdict, claim(), first, [])


@pytest.mark.slow
@pytest.mark.parametrize("law", [Flips(0.02), Flips.of(0.02, 0.10)], ids=str)
def test_two_planned_looks_err_no_more_than_one(law: Flips, tmp_path: Path) -> None:
    false, runs = np.zeros(2), 300
    for run in range(runs):
        whole = law.contrast(Design(1500), generator(6, run))
        schedule, decided = Noted(Book(tmp_path / str(run)), "k", 1500), set()
        for n in (300, 1500):
            part = replace(whole, values=whole.values[:n], clusters=whole.clusters[:n])
            decided.add(schedule.decide(part, claim(), None, 1500).decision)
        false += [side in decided for side in (Decision.HOLDS, Decision.VIOLATED)]
    assert (false / runs <= 0.09).all()


def test_it_goes_with_a_fixed_number_of_samples_and_a_store() -> None:
    usual = {
        "top_up": 1500, "sequential": False, "baseline": "", "save_baseline": "",
        "baseline_if_missing": "fail", "models": ("m",),
        "margin_floor": False, "noise_floor": False, "final_look": False, "evidence": "bets",
        "target": "population", "no_store": False, "shard": None,
        "budget": None, "variants": 1, "fail_on": "violated", "catch": None, "power": 80.0, "plan": False,
        "judge": "", "judge_price": None, "model_price": None,
    }  # fmt: skip
    check(usual)
    for wrong in ({"sequential": True}, {"no_store": True}, {"baseline": "b"}, {"noise_floor": True}):
        with pytest.raises(UsageError, match="--top-up"):
            check({**usual, **wrong})


def test_looks_that_can_not_be_read_are_told_with_the_reason_alone(tmp_path: Path) -> None:
    for name, leads, why in (
        ("itself", FILE, "Too many levels of symbolic links"),
        ("a device", "/dev/zero", "it is not a regular file"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / FILE).symlink_to(leads)
        with pytest.raises(UsageError, match=rf"the looks that were taken can't be read \({why}\): give"):
            Book(tmp_path / name).of("key")


def test_the_last_planned_look_has_the_whole_level_where_few_questions_bear_on_it(
    tmp_path: Path,
) -> None:
    """Of 60 samples asked 20 say something of hallucination: the plan is of what is asked."""
    part = replace(flips(20, 0), sample_count=60)
    for number, (planned, available) in enumerate([(60, 1500), (500, 60)]):
        found = Noted(Book(tmp_path / str(number)), "k", planned).decide(part, claim(), None, available)
        assert "look 1 of 60 planned samples, level 0.05" in found.reason
