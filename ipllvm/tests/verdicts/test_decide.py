"""Verdicts: right where the data say so, undecided with a reason everywhere else."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.records import Claim, Contrast, Decision, Scores, Verdict
from ipllvm.stats.multiplicity import holm
from ipllvm.stats.score_interval import ScoreTest
from ipllvm.tests.stats.contrasts import drawn, flips, retention, scattered, singletons
from ipllvm.verdicts.decide import accuracy, decide, estimate, planned_effect, unread
from ipllvm.verdicts.guard import INDISTINCT

AT_MOST = Claim("permutation", "performance_drop", "at_most", 2.0, "requirement", "paper", "costs little")
AT_LEAST = replace(AT_MOST, direction="at_least", margin=2.0)
SEEING = flips(300, 150)


@pytest.mark.parametrize(
    ("contrast", "decision"),
    [
        (flips(300, 0), Decision.HOLDS),
        (flips(300, 1), Decision.HOLDS),
        (flips(300, 2), Decision.UNDECIDED),
        (flips(300, 0, size=10), Decision.UNDECIDED),
        (flips(300, 12, 6), Decision.UNDECIDED),
        (scattered(), Decision.UNDECIDED),
        (drawn(), Decision.UNDECIDED),
        (flips(2, 2), Decision.UNDECIDED),
        (flips(20, 20), Decision.VIOLATED),
        (flips(300, 30), Decision.VIOLATED),
        (flips(300, 30, size=10), Decision.UNDECIDED),
    ],
)
def test_decisions(contrast: Contrast, decision: Decision) -> None:
    verdict = decide(contrast, AT_MOST, SEEING)
    assert verdict.decision is decision
    assert "2 points" in verdict.reason


def test_the_level_is_the_claims_own() -> None:
    assert decide(flips(300, 1), replace(AT_MOST, alpha=0.01)).decision is Decision.UNDECIDED
    assert decide(flips(300, 2), replace(AT_MOST, alpha=0.10)).decision is Decision.HOLDS


def test_p_values_go_with_the_verdict() -> None:
    verdict = decide(scattered(), AT_MOST, SEEING)
    assert (verdict.p_holds, verdict.p_violated) == pytest.approx((0.73944, 0.71367), abs=1e-5)
    assert decide(flips(1000, 70, 50), replace(AT_MOST, margin=5.0)).p_holds == pytest.approx(
        0.0046, abs=5e-5
    )


def test_retention_of_half_is_undecided() -> None:
    claim = replace(AT_LEAST, margin=0.0)
    verdict = decide(retention(), claim)
    assert verdict.decision is Decision.UNDECIDED
    assert "[-6.64, 3.37]" in verdict.reason


def test_a_share_of_nothing_is_undecided() -> None:
    nothing = replace(flips(300, 0), name="zero-shot clip")
    verdict = decide(retention(), replace(AT_LEAST, margin=0.0), nothing)
    assert verdict.decision is Decision.UNDECIDED
    reason = (
        "not shown that there is something to lose: zero-shot clip gets 0.00 points, at least -0.99 (5 %)"
    )
    assert verdict.reason.startswith(reason)


def test_at_least_is_at_most_with_the_sign_changed() -> None:
    contrast = flips(300, 30)
    assert decide(contrast, AT_LEAST).decision is Decision.HOLDS
    assert decide(flips(300, 0), AT_LEAST).decision is Decision.VIOLATED
    mirrored = decide(replace(contrast, values=-contrast.values), replace(AT_MOST, margin=-2.0))
    verdict = decide(contrast, AT_LEAST)
    assert (verdict.p_holds, verdict.p_violated) == (mirrored.p_holds, mirrored.p_violated)


def _undecided(verdict: Verdict) -> bool:
    return verdict.decision is Decision.UNDECIDED and (verdict.p_holds, verdict.p_violated) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("contrast", "reason"),
    [
        (flips(0, 0), "no samples"),
        (flips(0, 0, n_error=12), "no sample has a value: all failed or were not read"),
        (flips(1, 0), "too little to decide: 1 sample in 1 cluster"),
        (flips(40, 0, size=40), "too little to decide: 40 samples in 1 cluster"),
    ],
)
def test_too_little_is_undecided(contrast: Contrast, reason: str) -> None:
    verdict = decide(contrast, AT_MOST, SEEING)
    assert _undecided(verdict)
    assert verdict.reason.startswith(reason)
    assert verdict.n_to_decide is not None and verdict.n_to_decide >= 800


@pytest.mark.parametrize(
    "guard",
    [
        flips(300, 0),
        flips(300, 12, 6),
        flips(300, 8),
        flips(0, 0),
        flips(300, 0, 150),
        flips(300, 150, size=300),
    ],
    ids=["blind", "hardly sees", "sees too little", "no clean answer", "better blind", "one cluster"],
)
def test_nothing_to_lose(guard: Contrast) -> None:
    verdict = decide(flips(300, 0), AT_MOST, guard)
    assert _unmet(verdict)
    assert verdict.reason.startswith("not shown that there is something to lose: ")


def _unmet(verdict: Verdict) -> bool:
    """Undecided for want of a condition, whose p-value is then that of both sides at least."""
    return verdict.decision is Decision.UNDECIDED and min(verdict.p_holds, verdict.p_violated) > 0.05


def test_a_blind_model_is_not_violated_either() -> None:
    assert _unmet(decide(flips(300, 30), AT_MOST, flips(300, 0)))


def test_the_guard_needs_more_than_the_margin() -> None:
    guard = flips(300, 30)
    assert decide(flips(300, 0), AT_MOST, guard).decision is Decision.HOLDS
    assert _unmet(decide(flips(300, 0), replace(AT_MOST, margin=9.0), guard))
    assert decide(flips(300, 0), AT_MOST, None).decision is Decision.HOLDS


def test_no_p_value_is_below_that_of_what_a_claim_needs() -> None:
    """A guard that is passed at 5 % alone passes no claim at 1 %, nor Holm's first step among nine."""
    guard, alone = flips(300, 12), decide(flips(300, 0), AT_MOST)
    need = ScoreTest.of(guard).p_violated(0.02)
    assert 0.01 < need < 0.05 and alone.p_holds < 0.003
    found = decide(flips(300, 0), AT_MOST, guard)
    assert (found.decision, found.p_holds) == (Decision.HOLDS, need)
    assert decide(flips(300, 0), replace(AT_MOST, alpha=0.01), guard).decision is Decision.UNDECIDED
    assert holm([found.p_holds] * 9)[0] > 0.05


def test_a_denominator_is_met_at_the_claims_own_level() -> None:
    ratio = replace(flips(300, 0), over=replace(flips(300, 5, 1), name="denominator"))
    need = ScoreTest.of(flips(300, 5, 1)).p_violated(0.0)
    assert 0.05 < need < 0.3
    found = decide(ratio, AT_MOST)
    assert (found.decision, found.reason, found.p_holds) == (Decision.UNDECIDED, INDISTINCT, need)
    assert decide(ratio, replace(AT_MOST, alpha=0.3)).decision is Decision.HOLDS


def test_a_drop_is_told_as_a_share_of_what_seeing_is_worth() -> None:
    gain = replace(flips(1000, 300), name="gain")
    found = decide(flips(1000, 20, 14), replace(AT_MOST, margin=3.0), gain)
    assert found.decision is Decision.HOLDS
    assert found.reason.endswith("; 2 % of the 30.0 points that seeing is worth")
    risen = decide(flips(1000, 14, 20), replace(AT_MOST, margin=3.0), gain)
    assert risen.decision is Decision.HOLDS and "seeing" not in risen.reason, (
        "what is gained is no share lost"
    )


@pytest.mark.parametrize("direction", ["at_most", "at_least"])
def test_the_interval_shown_is_the_one_that_decides(direction: str) -> None:
    sign = 1 if direction == "at_most" else -1
    contrast = replace(scattered(), values=sign * scattered().values)
    claim = replace(AT_MOST, direction=direction, margin=sign * 2.0, alpha=0.01)
    found, verdict = estimate(contrast, claim=claim), decide(contrast, claim)
    assert f"[{found.low:.2f}, {found.high:.2f}]" in verdict.reason
    wide = sorted((sign * found.low, sign * found.high))
    assert wide[1] > 100 * ScoreTest.of(scattered()).interval(0.05)[1]


def test_missing_samples_are_put_at_the_worst_end() -> None:
    assert decide(flips(300, 0, n_error=0), AT_MOST).decision is Decision.HOLDS
    assert decide(flips(299, 0, n_error=1), AT_MOST).decision is Decision.HOLDS
    three = decide(flips(297, 0, n_error=3), AT_MOST)
    assert three.decision is Decision.UNDECIDED and three.n_to_decide is not None, "as if three were lost"
    assert three.p_holds == decide(flips(300, 3), AT_MOST).p_holds
    lost = decide(flips(290, 0, n_error=10), AT_MOST)
    assert lost.decision is Decision.UNDECIDED
    assert "could tip it either way" in lost.reason
    assert lost.n_to_decide is None


def test_what_would_decide() -> None:
    verdict = decide(flips(300, 0, size=10), AT_MOST, available=5000)
    assert verdict.n_to_decide == 1483
    assert "about 1,490 samples would decide" in verdict.reason
    assert "this benchmark cannot decide" in decide(flips(300, 0, size=10), AT_MOST, available=400).reason
    at_margin = decide(flips(300, 12, 6), AT_MOST, SEEING)
    assert at_margin.n_to_decide is None and "at the margin" in at_margin.reason
    near = decide(flips(300, 2), AT_MOST, SEEING)
    assert near.n_to_decide is not None and near.n_to_decide > 300


def test_minimum_detectable_effect_as_planned_and_as_seen() -> None:
    quiet, busy = flips(1000, 0), flips(1000, 60, 40)
    assert decide(quiet, AT_MOST).minimum_detectable_effect == pytest.approx(2.5315, abs=1e-4)
    assert planned_effect(busy, AT_MOST) == pytest.approx(2.5315, abs=1e-4)
    assert decide(busy, AT_MOST).minimum_detectable_effect == pytest.approx(2.59, abs=0.02)
    assert "(planned 2.53)" in decide(busy, AT_MOST).reason
    noisy = decide(flips(1000, 110, 90), AT_MOST).minimum_detectable_effect
    assert noisy == pytest.approx(3.62, abs=0.02)
    assert decide(flips(0, 0), AT_MOST).minimum_detectable_effect is None


@pytest.mark.parametrize("n", [2, 3, 4, 6, 10])
@pytest.mark.parametrize("lost", [0, 1, 2])
def test_no_effect_is_larger_than_all_that_can_change(n: int, lost: int) -> None:
    """A handful of samples was told to detect 135 points, of an accuracy that can change by 100."""
    for values in (flips(n, lost), flips(n, lost, 1 if lost < n else 0)):
        for claim in (AT_MOST, AT_LEAST):
            found = decide(values, claim)
            effect, planned = found.minimum_detectable_effect, planned_effect(values, claim)
            assert all(each is None or each <= 100 for each in (effect, planned))
            if effect is None and "to decide" not in found.reason and found.decision is Decision.UNDECIDED:
                assert found.reason.endswith("no effect can be shown by so few")


def test_estimate_in_points() -> None:
    found = estimate(flips(300, 12, 6), seed=3)
    assert found.value == pytest.approx(2.0)
    assert (found.low, found.high) == pytest.approx((-0.544, 4.765), abs=0.002)
    assert (found.unit, found.n, found.clusters, found.draws, found.seed) == ("points", 300, 300, 1, 3)
    assert found.discordant == (12, 6)
    assert found.method == "score interval, effective sample size"
    assert found.extra["deff"] == pytest.approx(1.00317, abs=1e-5)
    assert found.extra["n_effective"] == pytest.approx(299.053, abs=1e-3)
    assert found.extra["nu"] == pytest.approx(18.2026, abs=1e-4)
    low, high = found.extra["bootstrap"]
    assert low < 2.0 < high
    assert estimate(flips(300, 12, 6), seed=3) == found


def test_estimate_in_scores() -> None:
    found = estimate(flips(300, 12, 6), unit="score")
    assert (found.value, found.low) == pytest.approx((0.02, -0.00544), abs=2e-5)


def test_estimates_of_little() -> None:
    nothing = estimate(flips(0, 0, n_error=4))
    assert (nothing.value, nothing.low, nothing.high) == (None, -100.0, 100.0)
    assert (nothing.n, nothing.n_error, nothing.extra["bootstrap"]) == (0, 4, None)
    one = estimate(flips(1, 1))
    assert (one.value, one.low, one.high) == (100.0, -100.0, 100.0)
    assert one.method.startswith("range only")
    quiet = estimate(flips(300, 0))
    assert quiet.method == "exact bound, nothing changed"
    assert (quiet.low, quiet.high) == pytest.approx((-0.994, 0.994), abs=0.001)


def test_missing_samples_widen_the_estimate() -> None:
    found = estimate(flips(297, 12, 6, n_error=3))
    assert (found.low, found.high) == (estimate(flips(300, 12, 9)).low, estimate(flips(300, 15, 6)).high)
    assert found.extra["complete_case"] == pytest.approx((-0.549, 4.812), abs=0.002)
    assert found.method.endswith("worst case for missing samples")


def _answers(right: int, n: int, errors: int = 0) -> Scores:
    values = np.array([1.0] * right + [0.0] * (n - right) + [np.nan] * errors)[:, None]
    ids = singletons(n + errors)
    return Scores("clean", ids, ids, values)


def test_accuracy() -> None:
    found = accuracy("clean", _answers(240, 300), seed=5)
    assert (found.name, found.seed, found.n) == ("clean", 5, 300)
    assert found.value == pytest.approx(80.0)
    assert (found.low, found.high) == pytest.approx((75.9, 83.6), abs=0.2)
    assert found.discordant == (0, 0)
    blind = accuracy("blank", _answers(0, 21))
    assert (blind.low, blind.high) == pytest.approx((0.0, 13.29), abs=0.01)
    assert blind.method == "Clopper-Pearson"
    nothing = accuracy("clean", _answers(0, 0, errors=3))
    assert (nothing.value, nothing.low, nothing.high, nothing.n_error) == (None, 0.0, 100.0, 3)
    assert accuracy("clean", _answers(240, 300, errors=30)).high > found.high + 1


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from([-1.0, 0.0, 0.0, 0.0, 1.0]), max_size=80),
    st.integers(1, 10),
    st.integers(0, 4),
    st.floats(-20, 20),
    st.sampled_from(["at_most", "at_least"]),
)
def test_nothing_is_ever_nan_and_the_verdict_fits_the_interval(
    values: list[float], size: int, n_error: int, margin: float, direction: str
) -> None:
    clusters = tuple(str(i // size) for i in range(len(values)))
    contrast = Contrast("drop", np.array(values), clusters, n_error=n_error)
    claim = replace(AT_MOST, margin=margin, direction=direction)
    found, verdict = estimate(contrast, replicates=50), decide(contrast, claim)
    numbers = [found.low, found.high, verdict.p_holds, verdict.p_violated, found.value or 0.0]
    assert all(math.isfinite(number) for number in numbers)
    assert verdict.minimum_detectable_effect is None or math.isfinite(verdict.minimum_detectable_effect)
    assert verdict.n_to_decide is None or verdict.n_to_decide > 0
    above, below = found.low >= margin - 1e-6, found.high <= margin + 1e-6
    inside, outside = (below, above) if direction == "at_most" else (above, below)
    assert verdict.decision is not Decision.HOLDS or inside
    assert verdict.decision is not Decision.VIOLATED or outside


def test_draws_are_told_where_a_draw_stands_for_others_and_nowhere_else() -> None:
    table = np.zeros((60, 3))
    few = Contrast("x", table.mean(1), tuple(map(str, range(60))), lattice=0.0, draws=3, crossed=table)
    assert "60 samples in 60 clusters, 3 of the 10 draws that others need" in decide(few, AT_MOST).reason
    assert "draws that others need" not in decide(flips(1, 0), AT_MOST).reason
    none = replace(few, values=table.mean(1)[:0], clusters=(), crossed=table[:0])
    assert "draws that others need" not in decide(none, AT_MOST).reason


@pytest.mark.parametrize(
    ("answers", "extra"),
    [((), {}), (("A", "B", "A", "B"), {"unread": 0.0}), (("A", None, "A", "B"), {"unread": 0.25})],
)
def test_the_share_of_answers_that_could_not_be_read_is_told_where_it_is_known(
    answers: tuple[str | None, ...], extra: dict[str, float]
) -> None:
    scores = replace(_answers(3, 4), answers=tuple((each,) for each in answers))
    assert unread(scores) == extra
    assert accuracy("clean", scores).extra.get("unread") == extra.get("unread")
