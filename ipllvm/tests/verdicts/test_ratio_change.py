"""Claims on ratios: guarded denominators, and gates by the influence values of both ratios."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ipllvm import claims
from ipllvm.evaluation import importance
from ipllvm.gate import baseline, reading
from ipllvm.gate.agreement import disagreements
from ipllvm.gate.compare import compare
from ipllvm.gate.outcome import Change
from ipllvm.metrics.curves import kept_share
from ipllvm.metrics.importance import quarter_share
from ipllvm.metrics.influence import ratio_change
from ipllvm.metrics.retention import retention
from ipllvm.records import Claim, Contrast, Decision, Scores
from ipllvm.sampling import generator
from ipllvm.stats.choice import INDISTINCT, choose
from ipllvm.tests.reporting import reports
from ipllvm.verdicts.decide import decide
from ipllvm.verdicts.noise_floor import Floor
from ipllvm.verdicts.ratio_change import _at_baseline

CLAIMS = claims.load()
RETENTION = CLAIMS["classification_retention"]
RUNS = 200


def scores(values: object, name: str = "p") -> Scores:
    found = np.asarray(values, dtype=float)
    ids = tuple(f"s{i}" for i in range(len(found)))
    return Scores(name, ids, ids, found[:, None])


def right(share: float, n: int = 600) -> Scores:
    """The first samples are right."""
    return scores(np.arange(n) < round(share * n))


RATIOS: dict[str, tuple[Callable[[float], Contrast], Claim]] = {
    "retention": (lambda known: retention(right(0.0), right(known), 0.9), RETENTION),
    "kept": (lambda known: kept_share(right(0.5 + known), right(0.5), right(0.5), 0.5), CLAIMS["occlusion"]),
    "lowest_quarter": (
        lambda known: quarter_share(right(0.5 + known), [right(0.5)] * 4, 0.5),
        CLAIMS["layer_importance"],
    ),
}


@pytest.mark.parametrize("name", RATIOS)
def test_no_claim_on_a_ratio_over_what_may_be_0(name: str) -> None:
    made, claim = RATIOS[name]
    nothing, plenty = decide(made(0.002), claim), decide(made(0.3), claim)
    assert (nothing.decision, nothing.reason) == (Decision.UNDECIDED, INDISTINCT)
    assert plenty.decision is Decision.VIOLATED


def test_what_stands_above_and_below_the_line_comes_back() -> None:
    clean, blank, half = right(0.9), right(0.4), right(0.6)
    found = kept_share(clean, blank, half, 0.5)
    assert found.over is not None and found.bound == 1.0
    assert found.values == pytest.approx((half.values - 0.5 * clean.values - 0.5 * blank.values)[:, 0])
    assert found.over.values == pytest.approx((clean.values - blank.values)[:, 0])


def test_importance_over_a_clean_score_of_nothing_is_not_shown() -> None:
    for share, shown in ((0.0, False), (0.5, True)):
        *_, last = importance.recorded(right(share), [right(share / 2)], "layer")
        assert (last.points[0].value is not None) is shown


def kept(llvm: object, encoder: object) -> baseline.BaselineEntry:
    """What a baseline keeps of the retention of such scores."""
    contrast = retention(scores(llvm), scores(encoder), 0.9)
    result = replace(reports.result(), claim=RETENTION, paired=((RETENTION, contrast),))
    (entry,) = baseline.of({}, baseline.rows(result)).entries.values()
    return entry


def gate(old: baseline.BaselineEntry, new: baseline.BaselineEntry) -> Change:
    before, after = (baseline.Baseline({}, {each.key: each}) for each in (old, new))
    (change,) = compare(before, after, "b").changes
    return change


def test_a_change_of_a_ratio_by_hand() -> None:
    """3 of 4 then, 2 of 4 now: each sample moves a ratio by (a - R b) / 1."""
    old, new = kept([1, 1, 1, 0], [1, 1, 1, 1]).contrast, kept([1, 1, 0, 0], [1, 1, 1, 1]).contrast
    found = ratio_change("worse", -1.0, old, new)
    assert found.values == pytest.approx([0.0, 0.0, 1.0, 0.0]) and found.linearised
    fewer = kept([1, 1, 0, 0], [1, 1, 1, 0]).contrast
    assert ratio_change("worse", -1.0, old, fewer).values.mean() == pytest.approx(3 / 4 - 2 / 3)
    assert ratio_change("worse", 1.0, old, fewer).values.mean() == pytest.approx(2 / 3 - 3 / 4)
    with pytest.raises(ValueError, match="no claim on a ratio"):
        ratio_change("worse", -1.0, old, replace(fewer, over=None))


def test_an_easier_encoder_is_no_better_ratio() -> None:
    """The linear contrast rises by 9 points where encoder and model lose alike; the ratio does not move."""
    n = 2000
    then, now = np.arange(n) < 1800, np.arange(n) < 900
    change = gate(kept(then, then), kept(now, now))
    assert [change.before, change.after] == pytest.approx([100, 100])
    assert change.estimate.value == pytest.approx(0, abs=1e-9)
    assert change.estimate.extra["at_baseline"] == pytest.approx(0, abs=1e-9)
    assert change.verdict.decision is Decision.HOLDS


def test_a_lower_ratio_is_a_regression_and_tells_who_changed() -> None:
    knows = np.ones(200)
    change = gate(kept(np.arange(200) < 190, knows), kept(np.arange(200) < 160, knows))
    assert [change.before, change.after] == pytest.approx([95, 80])
    assert change.estimate.value == pytest.approx(15)
    assert change.verdict.decision is Decision.VIOLATED and "of its ratio" in change.claim.text
    assert change.estimate.discordant == (30, 0) and len(change.turned) == 30
    assert change.estimate.method == "t over clusters of influence values"


@pytest.mark.parametrize(("lost", "method"), [(0, "exact bound"), (3, "Dirichlet bound")])
def test_little_or_no_change_has_a_bound_of_its_own(lost: int, method: str) -> None:
    knows, n = np.ones(1500), 1500
    change = gate(kept(np.arange(n) < 1400, knows), kept(np.arange(n) < 1400 - lost, knows))
    assert change.estimate.method.startswith(method)
    assert change.verdict.decision is Decision.HOLDS


def test_a_gate_needs_both_denominators() -> None:
    change = gate(kept(np.arange(60) < 30, np.ones(60)), kept(np.zeros(60), np.arange(60) < 1))
    assert (change.verdict.decision, change.verdict.reason) == (Decision.UNDECIDED, INDISTINCT)
    assert change.after is None


def test_the_p_values_of_a_gate_are_at_least_those_of_its_denominators() -> None:
    """Five pictures that the encoder knows: whether it knows any has a p of 1/32, whatever was lost."""
    change = gate(kept(np.arange(400) < 360, np.ones(400)), kept(np.zeros(400), np.arange(400) < 5))
    found = change.verdict
    assert (found.decision, found.p_violated, found.p_worse) == (Decision.VIOLATED, 1 / 32, 1 / 32)
    assert found.p_holds == 1


def test_it_is_kept_with_the_baseline_and_older_ones_without_are_refused(tmp_path: Path) -> None:
    contrast = retention(right(0.8), right(0.9), 0.9)
    result = replace(reports.result(), claim=RETENTION, paired=((RETENTION, contrast),))
    rows = baseline.rows(result)
    file = tmp_path / "b.json"
    file.write_text(baseline.dumps({}, rows))
    (entry,) = reading.load(file).entries.values()
    assert entry == next(iter(baseline.of({}, rows).entries.values())) and entry.share == 0.9
    (why,) = disagreements(replace(entry, over=()), entry)
    assert why == "the contrast's is_ratio is False in the baseline and True in this run"


def test_a_repetition_is_off_by_points_of_the_ratio() -> None:
    knows, floor = np.ones(1500), Floor()
    floor.keep([(RETENTION, kept(np.arange(1500) < 1400, knows).contrast)])
    found = floor.of([(RETENTION, kept(np.arange(1500) < 1398, knows).contrast)], 0)
    assert found.discordant == (0, 2) and found.value == pytest.approx(-100 * 2 / 1500)
    assert found.method.startswith("Dirichlet bound") and floor.reaches[RETENTION.name] < 2


@pytest.mark.parametrize("encoder", [pytest.param(1.0, marks=pytest.mark.slow), 0.9])
def test_false_verdicts_where_the_ratio_fell_by_the_margin(encoder: float) -> None:
    """Both sides of both ratios are drawn; a nominal error of 5 % a side."""
    held = violated = 0
    for run in range(RUNS):
        rng, n = generator("ratio", encoder, run), 300
        knows = rng.random(n) < encoder
        then, now = (knows & (rng.random(n) < share) for share in (0.80, 0.75))
        sides = [retention(scores(each), scores(knows), 0.9) for each in (then, now)]
        found = choose(ratio_change("worse", -1.0, *sides))
        held, violated = held + (found.p_holds(0.05) <= 0.05), violated + (found.p_violated(0.05) <= 0.05)
    assert held / RUNS <= 0.09 and violated / RUNS <= 0.09


def test_a_change_at_the_baselines_ratio_is_told_where_there_is_one() -> None:
    """By hand: 3 of 4 then; of 2 of 4 now against 3/4 of the denominator a quarter is missing."""
    old, new, nothing = (
        kept(right(share, 400).values[:, 0], np.ones(400)).contrast for share in (0.75, 0.5, 0)
    )
    assert _at_baseline(old, new, -1.0) == pytest.approx(25.0)
    assert _at_baseline(nothing, new, -1.0) == pytest.approx(-50.0)
    blind = kept(np.zeros(400), np.zeros(400)).contrast
    assert _at_baseline(blind, new, -1.0) is None
    assert _at_baseline(old, replace(new, over=None), -1.0) is None
    assert _at_baseline(old, new.only(np.zeros(400, bool)), -1.0) is None
