"""Worse at all: rows at margin 0, all answers as one, the noise of the pair, and the best of several."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ipllvm import claims, cli
from ipllvm.errors import UsageError
from ipllvm.gate import baseline as baselines
from ipllvm.gate import unchanged
from ipllvm.gate.baseline import Baseline, BaselineEntry, dumps, of
from ipllvm.gate.compare import compare, result
from ipllvm.gate.outcome import Gate
from ipllvm.gate.picking import picked
from ipllvm.gate.pooled import KEY
from ipllvm.records import Claim, Contrast, Decision, Verdict
from ipllvm.stats.flip_noise import FlipCounts, p_beyond_noise
from ipllvm.tests.reporting import reports
from ipllvm.verdicts.failing import FailRule

CLAIM = claims.load()["permutation"]
Rows = list[dict[str, Any]]


def measured(name: str, clean: np.ndarray, permuted: np.ndarray | None = None, noise: Any = ()) -> Rows:
    """What a baseline keeps of a property on a benchmark: the clean scores, and a drop where there is one."""
    ids = tuple(f"{name}{i}" for i in range(len(clean)))
    score = Contrast("clean", clean, ids, samples=ids)
    claim = baselines.clean_claim(2.0)
    drop = Contrast("performance_drop", clean - (clean if permuted is None else permuted), ids, samples=ids)
    found = reports.result()
    about = replace(found.benchmark, name=name, n=len(clean))
    pairs: tuple[tuple[Claim, Contrast], ...] = ((CLAIM, drop), (claim, score))
    kept = baselines.rows(replace(found, benchmark=about, paired=pairs, noise=dict(noise)))
    return kept if permuted is not None else kept[1:]


def scores(lost: int, n: int = 300) -> np.ndarray:
    return (np.arange(n) >= lost).astype(float)


def _in_tens(entry: BaselineEntry) -> BaselineEntry:
    return replace(entry, clusters=tuple(str(i // 10) for i in range(len(entry.values))))


def ten(lost: int) -> Baseline:
    return of({}, [row for i in range(10) for row in measured(f"b{i}", scores(lost))])


def test_a_row_is_worse_before_it_is_violated() -> None:
    before, after = of({}, measured("b", scores(0))), of({}, measured("b", scores(7)))
    gate, strict = compare(before, after, "b"), compare(before, after, "b", rule=FailRule("worse"))
    (change,) = gate.changes
    assert change.verdict.decision is Decision.UNDECIDED and (change.verdict.p_worse or 1.0) < 0.05
    assert gate.standing(change) == "WORSE"
    assert (gate.status, strict.status, gate.undecided) == (0, 1, True)
    assert "by more than the margin is not shown" in gate.reason(change)
    assert compare(before, before, "b", rule=FailRule("worse")).status == 0


def test_ten_measures_that_lose_a_little_are_seen_together() -> None:
    gate, strict = compare(ten(0), ten(2), "b"), compare(ten(0), ten(2), "b", rule=FailRule("worse"))
    rows = {change.key[2]: gate.standing(change) for change in gate.changes}
    assert rows.pop("all") in ("WORSE", "HOLDS") and strict.status == 1
    assert not {"WORSE", "VIOLATED"} & set(rows.values())
    pooled = next(change for change in gate.changes if change.key == KEY)
    assert pooled.estimate.discordant == (20, 0) and pooled.estimate.n == 3000
    assert pooled.estimate.value == pytest.approx(100 * 20 / 3000)


def test_perturbed_answers_count_and_a_clean_one_counts_once() -> None:
    before = of({}, measured("b", scores(0), scores(30)))
    after = of({}, measured("b", scores(5), scores(40)))
    pooled = next(change for change in compare(before, after, "b").changes if change.key == KEY)
    assert pooled.estimate.n == 600 and pooled.estimate.discordant == (15, 0)
    again = [*measured("b", scores(5), scores(40)), {**measured("b", scores(5))[0], "property": "image_use"}]
    first = [*measured("b", scores(0), scores(30)), {**measured("b", scores(0))[0], "property": "image_use"}]
    pooled = next(c for c in compare(of({}, first), of({}, again), "b").changes if c.key == KEY)
    assert pooled.estimate.n == 600


def test_where_both_runs_were_repeated_few_losses_are_enough() -> None:
    quiet = {"clean_score": (0, 0, 300)}
    before, after = (
        of({}, measured("b", scores(0), noise=quiet)),
        of({}, measured("b", scores(3), noise=quiet)),
    )
    (change,) = compare(before, after, "b").changes
    assert change.verdict.p_worse == pytest.approx((1 / 3) ** 3)
    (alone,) = compare(of({}, measured("b", scores(0))), of({}, measured("b", scores(3))), "b").changes
    assert alone.verdict.p_worse is not None and alone.verdict.p_worse > 0.05
    swapped = scores(4)
    swapped[0] = 1.0
    won = of({}, measured("b", swapped, noise=quiet))
    first = scores(0)
    first[0] = 0.0
    before = of({}, measured("b", first, noise=quiet))
    (both,) = compare(before, won, "b").changes
    assert both.verdict.p_worse is not None and both.verdict.p_worse > 0.05, "it won too: another model"


def test_the_best_of_several_holds_by_a_smaller_p() -> None:
    names = tuple(map(str, range(200)))
    same = Contrast("regression", np.zeros(200), names, samples=names)
    verdict = Verdict(Decision.HOLDS, "inside", 0.02, 0.9)
    assert picked(verdict, CLAIM, 1, same) is verdict
    assert picked(verdict, CLAIM, 2, same).decision is Decision.HOLDS
    lost = picked(verdict, CLAIM, 3, same)
    assert lost.decision is Decision.UNDECIDED and lost.p_holds == pytest.approx(0.06)
    assert "the best of 3 was picked" in lost.reason


@pytest.mark.parametrize("count", [100, 200])
def test_of_the_best_of_several_it_is_said_how_many_samples_its_p_takes(count: int) -> None:
    """0.98^n x 8 is below 0.05 from 252 on: alone 149 would do, which two hundred have."""
    before = of({}, measured("b", scores(0, count)))
    (change,) = compare(before, before, "b", variants=8).changes
    assert change.verdict.decision is Decision.UNDECIDED and change.verdict.n_to_decide == 252
    assert "about 252 samples would decide" in change.verdict.reason and "149" not in change.verdict.reason
    enough = of({}, measured("b", scores(0, 252)))
    assert compare(enough, enough, "b", variants=8).status == 0
    assert not compare(enough, enough, "b", variants=8).undecided


def test_all_answers_of_the_best_of_several_need_a_smaller_p_too() -> None:
    before = of({}, measured("b", scores(0, 200), scores(30, 200)))
    rows = [compare(before, before, "b", variants=n).changes[-1] for n in (1, 8)]
    assert [row.key for row in rows] == [KEY, KEY] and rows[1].verdict.p_holds > 0.05
    assert [row.verdict.decision for row in rows] == [Decision.HOLDS, Decision.UNDECIDED]


@pytest.mark.slow
def test_the_best_of_eight_that_are_at_the_margin_passes_in_at_most_a_twentieth() -> None:
    rng, passed, alone = np.random.default_rng(0), 0, 0
    names = tuple(map(str, range(300)))
    for _ in range(200):
        lost = rng.choice([1.0, -1.0, 0.0], (8, 300), p=[0.03, 0.01, 0.96])
        best = Contrast("regression", lost[lost.mean(1).argmin()], names, samples=names)
        from ipllvm.verdicts import decide

        claim = replace(CLAIM, margin=2.0)
        found = decide.decide(best, claim)
        alone += found.decision is Decision.HOLDS
        passed += picked(found, claim, 8, best).decision is Decision.HOLDS
    assert alone > 25 and passed <= 16


def test_ten_identical_answers_are_undecided_and_need_149(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("before", "after"):
        (tmp_path / f"{name}.json").write_text(dumps({}, measured("b", scores(2, 10))))
    assert cli.main(["compare", str(tmp_path / "before.json"), str(tmp_path / "after.json")]) == 0
    shown = capsys.readouterr().out
    assert "UNDECIDED" in shown and "149" in shown
    both = [str(tmp_path / "before.json"), str(tmp_path / "after.json")]
    assert cli.main(["compare", "--undecided=fail", *both]) == 6


@pytest.mark.parametrize(("exact", "worse"), [("dirichlet", True), ("bets", False)])
def test_worse_is_decided_by_the_bound_of_the_claim(exact: str, worse: bool) -> None:
    """Nine of 300 lost one by one in tens, none of 30 won: one picture in 30 that wins may not be seen."""
    before, after = (of({}, measured("b", scores(0)[::-1] * keep)) for keep in (1.0, np.arange(300) % 33 > 0))

    def asked(run: Baseline) -> Baseline:
        claims = ((key, _in_tens(each)) for key, each in run.entries.items())
        return replace(run, entries={k: replace(e, claim=replace(e.claim, exact=exact)) for k, e in claims})

    (change,) = compare(asked(before), asked(after), "b").changes
    assert change.verdict.p_worse is not None and (change.verdict.p_worse <= 0.05) is worse


def test_how_often_a_gate_is_red_on_the_same_model(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(1)
    flips = rng.random(300) < 0.02
    first, again = measured("b", scores(60)), measured("b", np.abs(scores(60) - flips))
    found = unchanged.of(of({}, first), of({}, again))
    assert found.changed == (int(flips.sum()), 300) and found.worse <= 20
    (tmp_path / "run.json").write_text(dumps({}, first))
    assert cli.main(["compare", "--self", str(tmp_path / "run.json")]) == 0
    assert "200 halves: worse by more than the margin" in capsys.readouterr().out
    about = [{"model": {"name": name, "fingerprint": name * 2}} for name in "ab"]
    with pytest.raises(UsageError, match="a and b are two models by their fingerprints"):
        unchanged.of(of(about[0], first), of(about[1], again))


@pytest.mark.parametrize("looked", [0, 1, 10])
def test_there_is_no_row_over_all_where_a_comparison_was_looked_at_before_its_end(looked: int) -> None:
    """It would be looked at more often than its level allows for."""
    before, after = ten(0), ten(2)
    keys = list(after.entries)[:looked]
    entries = {
        key: replace(each, analyses=((300, 300),), planned=300) if key in keys else each
        for key, each in after.entries.items()
    }
    gate = compare(before, replace(after, entries=entries), "b")
    assert (KEY in [change.key for change in gate.changes]) == (looked == 0)


def test_renderings_of_a_picture_change_sides_together() -> None:
    """Or halves of a run would hold the same picture on both sides."""
    clusters = tuple(f"scene-{number}" for number in range(30))
    values = np.random.default_rng(0).normal(size=30).clip(-1, 1)
    contrast = Contrast("clean_score", values, clusters, samples=clusters)
    names = ("scenes", "scenes-mc", "scenes-wide", "charts")
    measures = [unchanged.Measure(name, name, 2.0, 0.05, contrast) for name in names]
    plain, options, wide, other, _ = unchanged._members(measures, np.random.default_rng(1))
    assert plain.p_worse == options.p_worse == wide.p_worse != other.p_worse
    (alone,) = unchanged._members(measures[:1], np.random.default_rng(1))
    assert alone.name == "scenes", "one part alone is not pooled"


def test_all_answers_are_held_against_the_noise_of_all_runs() -> None:
    """Nothing flipped in 600 answers twice, four did now: each is one of three whole rounds."""
    quiet = {"clean_score": (0, 0, 300)}
    before, after = (
        of({}, [row for name in ("b", "c") for row in measured(name, scores(lost), noise=quiet)])
        for lost in (0, 2)
    )
    pooled = next(change for change in compare(before, after, "b").changes if change.key == KEY)
    assert pooled.verdict.p_worse == pytest.approx((1 / 3) ** 4)


def test_a_picture_that_flips_in_one_rendering_or_another_is_one_for_the_noise_too() -> None:
    """Two flips of 600 answers are two pictures of 300 and of no more, as two now are."""
    noise = {"clean_score": (2, 0, 300)}
    before, after = (
        of({}, [row for name in ("scenes", "scenes-mc") for row in measured(name, scores(n), noise=noise)])
        for n in (0, 2)
    )
    same = {key: replace(e, clusters=tuple(map(str, range(300)))) for key, e in before.entries.items()}
    now = {key: replace(e, clusters=tuple(map(str, range(300)))) for key, e in after.entries.items()}
    gate = compare(replace(before, entries=same), replace(after, entries=now), "b")
    pooled = next(change for change in gate.changes if change.key == KEY)
    assert pooled.estimate.clusters == 300
    assert pooled.verdict.p_worse == pytest.approx(
        p_beyond_noise(FlipCounts(2, 0, 300), FlipCounts(8, 0, 600))
    )


def test_the_best_of_several_holds_by_a_smaller_p_over_all_answers_too() -> None:
    before, after = (of({}, [*measured("b", scores(n)), *measured("c", scores(n))]) for n in (0, 1))
    found = {
        n: next(c.verdict for c in compare(before, after, "b", variants=n).changes if c.key == KEY)
        for n in (1, 8, 200)
    }
    assert found[8].p_holds == pytest.approx(8 * found[1].p_holds)
    assert [found[n].decision for n in (1, 200)] == [Decision.HOLDS, Decision.UNDECIDED]
    assert "the best of 200 was picked" in found[200].reason


def test_what_is_claimed_of_all_answers_says_that_some_weigh_less() -> None:
    """The mean that is tested is then not that of the answers as they are."""
    before, after = (of({}, [*measured("b", scores(n, 1500)), *measured("c", scores(n))]) for n in (0, 9))

    def clustered(run: Baseline) -> Baseline:
        found = {key: _in_tens(e) if key.benchmark == "b" else e for key, e in run.entries.items()}
        return replace(run, entries=found)

    def text(gate: Gate) -> str:
        return next(c.claim.text for c in gate.changes if c.key == KEY)

    assert (
        text(compare(before, after, "b")) == "All 1,800 answers together are not worse by more than 2 points."
    )
    weighed = text(compare(clustered(before), clustered(after), "b"))
    assert weighed.startswith(
        "All 1,800 answers together, less of those with many questions a picture, are not"
    )


def test_the_best_of_several_is_better_by_a_smaller_p_too() -> None:
    before, after = of({}, measured("b", scores(20))), of({}, measured("b", scores(6)))
    better = [compare(before, after, "b", variants=n).changes[0].improved for n in (1, 100)]
    assert better == [True, False]


def test_halves_of_a_run_are_decided_by_the_test_of_its_scores() -> None:
    """Right and wrong answers in 30 clusters of ten: a gate alarms in 3.5 %, on graded scores in 0.1."""
    rng = np.random.default_rng(4)
    right = (rng.random(300) < np.repeat(rng.beta(1.6, 0.4, 30), 10)).astype(float)
    run = of({}, measured("b", right))
    key = next(iter(run.entries))
    entry = replace(run.entries[key], clusters=tuple(str(i // 10) for i in range(300)))
    found = unchanged.of(replace(run, entries={key: entry}))
    assert 2 <= found.worse <= 16


@pytest.mark.parametrize(
    ("shift", "n_error", "pooled"), [(0, 0, True), (1, 0, False), (0, 1, False), (1, 1, False)]
)
def test_perturbed_answers_count_where_the_drop_is_of_the_samples_of_the_clean_score(
    shift: int, n_error: int, pooled: bool
) -> None:
    """By position another sample's clean answer would be added to a drop."""

    def run(lost: int) -> Baseline:
        found = of({}, [*measured("b", scores(lost), scores(lost + 20)), *measured("c", scores(lost))])
        key = next(key for key in found.entries if key[1] != "clean_score")
        each = found.entries[key]
        ids = tuple(f"b{i + shift}" for i in range(300))
        moved = replace(each, samples=ids, clusters=ids, n_error=n_error)
        return replace(found, entries={**found.entries, key: moved})

    change = next(change for change in compare(run(0), run(5), "b").changes if change.key == KEY)
    assert change.estimate.n == (900 if pooled else 600)


def test_a_row_of_the_report_says_what_was_before_and_after_where_it_is_known() -> None:
    rows = {change.key: result(change, reports.result()) for change in compare(ten(0), ten(2), "b").changes}
    pooled = rows.pop(KEY)
    assert not pooled.verdict.reason.startswith(";") and "before" not in pooled.verdict.reason
    assert not {"before", "after"} & set(pooled.estimates["regression"].extra)
    for row in rows.values():
        assert row.verdict.reason.startswith("100.0 before, 99.3 after; ")
        extra = row.estimates["regression"].extra
        assert (extra["before"], extra["after"]) == (100.0, pytest.approx(100 * 298 / 300))
