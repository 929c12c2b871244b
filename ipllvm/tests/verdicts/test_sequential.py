"""Sequential properties: decided as early as the evidence allows, nothing asked twice, verdicts that stay."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ipllvm import claims
from ipllvm.engine import deferred
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Outcomes
from ipllvm.engine.store.outcomes import forgetful
from ipllvm.errors import ClaimUndecided, ClaimViolated, NotMeasured
from ipllvm.evaluation.evaluation import Evaluation, Settings
from ipllvm.evaluation.schedules import UntilDecided
from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Blank
from ipllvm.records import Contrast, Decision, Failed, Point, Response, Result, Sample, Series, Trial
from ipllvm.reporting.consistency import REASON
from ipllvm.stats.choice import INDISTINCT
from ipllvm.stats.score_interval import ScoreTest
from ipllvm.stats.sequential import Order, Sequential
from ipllvm.tests.evaluation.test_evaluation import Fake, benchmark
from ipllvm.verdicts import decide
from ipllvm.verdicts.group_sequential import GroupSequential
from ipllvm.verdicts.sequential import InterimAnalyses

RIGHT, WRONG = Response("red", (1,)), Response("blue", (2,))


@dataclass
class Run:
    """A sequential evaluation of a model that answers as told, and what became of it."""

    answer: Callable[[Trial], Response]
    n: int = 400
    target: str = "population"
    final_look: bool = False
    kind: str = "requirement"
    looks: bool = False
    rows: list[Result] = field(default_factory=list)
    asked: list[Trial] = field(default_factory=list)

    def __post_init__(self) -> None:
        planned, fake = benchmark(self.n), Fake()
        bets = InterimAnalyses(planned, 7, self.target, self.final_look)
        self.interim = GroupSequential(planned, 7) if self.looks else bets
        known = {name: replace(claim, kind=self.kind) for name, claim in claims.load().items()}
        asked = Settings(draws=1, seed=7, batch_size=8, sequential=self.target)
        model: Any = fake
        self.evaluation = Evaluation(
            "p", model, planned, self.n, known, asked, self.rows.append,
            lambda done, total: None, forgetful(), schedule=UntilDecided(self.interim),
        )  # fmt: skip

    def run(
        self, model: Any, plan: Plan, size: int, outcomes: Outcomes, progress: Any, artifacts: Any
    ) -> None:
        """In place of the engine: only what is missing is asked."""
        missing = [trial for trial in plan.trials() if trial not in outcomes]
        self.asked += missing
        outcomes.update({trial: self.answer(trial) for trial in missing})

    def permutation(self, *claims: str) -> None:
        """A property that makes one claim, or several of the same scores."""
        clean, blank, permuted = self.evaluation.run(Blank(), Permutation())
        for claim in claims or ("permutation",):
            self.evaluation.check(
                claim,
                performance_drop(clean, permuted),
                Shown({"clean": clean, "permuted": permuted}),
                something_to_lose=gain(clean, blank),
            )


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """A run whose engine is replaced."""

    def make(answer: Callable[[Trial], Response], **settings: Any) -> Run:
        made = Run(answer, **settings)
        monkeypatch.setattr(deferred, "run", made.run)
        return made

    return make


def number(trial: Trial) -> int:
    return int(trial.sample[1:])


def number_of(sample: Sample) -> int:
    return int(sample.id[1:])


def clusters_of(samples: Sequence[Sample]) -> tuple[str, ...]:
    return tuple(sample.cluster for sample in samples)


def unchanged(trial: Trial) -> Response:
    return WRONG if "blank" in trial.perturbation else RIGHT


def breaks(every: int) -> Callable[[Trial], Response]:
    """A model that loses every so-manyth sample under permutation."""

    def answer(trial: Trial) -> Response:
        hit = trial.perturbation.startswith("perm") and number(trial) % every == 0
        return WRONG if hit else unchanged(trial)

    return answer


def test_it_stops_where_the_evidence_is_enough(start: Callable[..., Run]) -> None:
    run = start(unchanged)
    run.evaluation.measure(run.permutation)
    (row,) = run.rows
    assert row.verdict.decision is Decision.HOLDS
    drop = row.estimates["performance_drop"]
    told = drop.extra["sequential"]
    assert 286 <= drop.n < 286 + 25 and told["samples"] == drop.n
    assert (told["planned"], told["order_seed"], told["target"]) == (400, 7, "population")
    assert told["share"] == drop.n / 400 and told["predicted_share"] == pytest.approx(340 / 400)
    assert told["e_holds"] >= 20 and told["stopped_early"]
    assert drop.method.startswith("confidence sequence, population; stopped early")
    assert drop.extra["bootstrap"] is None
    assert (drop.low, drop.high) == pytest.approx((-2, 2), abs=0.2)
    assert row.estimates["clean"].high <= 100 and row.estimates["clean"].low > 90
    assert row.benchmark.n == 400 and row.settings["sequential"] == "population"
    assert len(run.asked) == len(set(run.asked)) == 3 * drop.n == row.trials


def test_curves_and_maps_are_made_for_the_row_alone(start: Callable[..., Run]) -> None:
    """Most of a look's time went into what no look shows."""
    run, looks, made = start(unchanged), list[int](), list[int]()

    def curves() -> list[Series]:
        made.append(len(looks))
        return [Series("kept", "score", "points", ("ratio",), (Point((0.0,), 50.0, 40.0, 60.0),))]

    def test() -> None:
        clean, blank, permuted = run.evaluation.run(Blank(), Permutation())
        looks.append(len(clean.samples))
        shown = Shown({"clean": clean}, series=curves)
        drop = performance_drop(clean, permuted)
        run.evaluation.check("permutation", drop, shown, something_to_lose=gain(clean, blank))

    run.evaluation.measure(test)
    (row,) = run.rows
    assert len(looks) > 8 and made == [len(looks)]
    assert [(each.name, each.points[0].value) for each in row.series] == [("kept", 50.0)]


def test_the_benchmark_itself_is_known_sooner(start: Callable[..., Run]) -> None:
    run = start(unchanged, n=300, target="benchmark")
    run.evaluation.measure(run.permutation)
    assert 186 <= run.rows[0].estimates["performance_drop"].n < 186 + 19
    assert "target benchmark" in run.rows[0].verdict.reason


def test_a_violated_claim_is_raised_after_its_row(start: Callable[..., Run]) -> None:
    run = start(breaks(2))
    with pytest.raises(ClaimViolated, match="is outside at most 2 points"):
        run.evaluation.measure(run.permutation)
    assert run.rows[0].verdict.decision is Decision.VIOLATED
    assert run.rows[0].estimates["performance_drop"].n < 100


def test_two_claims_of_a_test_stop_apart_and_stay(start: Callable[..., Run]) -> None:
    """At most 2 points is soon refuted; that it is at least 2 of an observation takes no longer, 40 does."""
    run = start(breaks(3), kind="observation")
    own = run.evaluation.claims
    run.evaluation.claims = {**own, "later": replace(own["permutation"], name="later", margin=28.0)}
    run.evaluation.measure(lambda: run.permutation("permutation", "later"))
    first, second = run.rows
    assert (first.claim.name, first.verdict.decision) == ("permutation", Decision.VIOLATED)
    assert first.estimates["performance_drop"].n < second.estimates["performance_drop"].n
    assert run.interim.decided["permutation"] == first.verdict
    assert len(run.asked) == len(set(run.asked))


def test_evidence_that_was_enough_once_stays_enough() -> None:
    """Some losses at first, then none: the wealth against the claim falls again, its p does not rise."""
    interim = InterimAnalyses(benchmark(400), 0, telling=True)
    clusters = clusters_of(interim.planned.samples)
    claim = replace(claims.load()["permutation"], margin=20.0)
    for lost, decision in ((14, Decision.VIOLATED), (5, Decision.HOLDS)):
        values = (np.arange(120) < lost).astype(float)
        interim.seen = 120
        found = interim.decide(Contrast("drop", values, clusters[:120]), claim, None, 400)
        logs = Sequential.of(Contrast("drop", values, clusters[:120]), interim.order).log_violated(0.2)
        assert logs[-1] < logs.max() - 1
        assert found.p_violated == pytest.approx(np.exp(-logs.max())) and found.decision is decision


def test_exhausted_is_undecided_with_what_would_do(start: Callable[..., Run]) -> None:
    run = start(unchanged, n=200)
    with pytest.raises(ClaimUndecided, match="does not settle at most 2 points"):
        run.evaluation.measure(run.permutation)
    (row,) = run.rows
    assert row.verdict.n_to_decide == 285
    drop = row.estimates["performance_drop"]
    assert drop.n == 200 and not drop.extra["sequential"]["stopped_early"]
    assert drop.method == "confidence sequence, population"


def test_a_final_look_has_its_share_of_alpha(start: Callable[..., Run]) -> None:
    """Without a flip the fixed test at a fifth of 5 % needs ln(0.01) / ln(0.98) = 228 samples."""
    for n, decision in ((240, Decision.HOLDS), (220, Decision.UNDECIDED)):
        run = start(unchanged, n=n, final_look=True, kind="observation")
        run.evaluation.measure(run.permutation)
        verdict = run.rows[0].verdict
        assert verdict.decision is decision
        assert (verdict.p_holds <= 0.05) == (decision is Decision.HOLDS)


EVERY, ALPHA = (1000, 40, 3), (0.05, 0.001, 0.2)
PAIRS = [
    (mode, alpha, EVERY[(m + a) % 3])
    for m, mode in enumerate(("bets", "final look", "looks"))
    for a, alpha in enumerate(ALPHA)
]
"""Each with each other."""


@pytest.mark.parametrize(("mode", "alpha", "every"), PAIRS)
def test_the_interval_of_a_row_is_the_one_that_its_reason_names_and_decides_by(
    start: Callable[..., Run], mode: str, alpha: float, every: int
) -> None:
    """A report in which they differ is refused as altered."""
    for n in (60, 240):
        run = start(
            breaks(every), n=n, final_look=mode == "final look", looks=mode == "looks", kind="observation"
        )
        known = run.evaluation.claims["permutation"]
        run.evaluation.claims = {"permutation": replace(known, alpha=alpha)}
        run.evaluation.measure(run.permutation)
        (row,) = run.rows
        found, words = row.estimates["performance_drop"], REASON.search(row.verdict.reason)
        assert words is not None, row.verdict.reason
        assert (found.low, found.high) == pytest.approx((float(words[1]), float(words[2])), abs=0.006)
        if row.verdict.decision is Decision.HOLDS:
            assert found.high <= known.margin
        if row.verdict.decision is Decision.VIOLATED:
            assert found.low > known.margin


def test_nothing_to_lose_goes_on_to_the_end(start: Callable[..., Run]) -> None:
    run = start(lambda trial: RIGHT, n=64)
    with pytest.raises(ClaimUndecided, match="something to lose"):
        run.evaluation.measure(run.permutation)
    assert run.rows[0].estimates["performance_drop"].n == 64


def test_a_failed_sample_ends_it_at_once(start: Callable[..., Run]) -> None:
    def failing(trial: Trial) -> Response:
        return Response("", error="Traceback\nRuntimeError: boom") if number(trial) == 3 else unchanged(trial)

    run = start(failing)
    with pytest.raises(NotMeasured, match="first s3: RuntimeError: boom"):
        run.evaluation.measure(run.permutation)
    assert len(run.asked) < 300


def interrupted(after: int, change: Callable[[Trial], Response] = unchanged) -> Callable[[Trial], Response]:
    """A model that answers so many samples and is then interrupted."""
    known: set[str] = set()

    def answer(trial: Trial) -> Response:
        known.add(trial.sample)
        if len(known) > after:
            raise KeyboardInterrupt
        return change(trial)

    return answer


def test_an_interrupted_look_is_as_if_it_had_not_begun(start: Callable[..., Run]) -> None:
    """Of 400 samples 8 are taken in at a time; what was answered of the eighth look does not count."""
    run = start(interrupted(61, breaks(4)))
    run.evaluation.claims = {"permutation": replace(run.evaluation.claims["permutation"], margin=25.0)}
    with pytest.raises(KeyboardInterrupt):
        run.evaluation.measure(run.permutation)
    (row,) = run.rows
    drop, clean = row.estimates["performance_drop"], row.estimates["clean"]
    assert row.partial and row.verdict.decision is Decision.UNDECIDED
    assert drop.n == clean.n == drop.extra["sequential"]["samples"] == 56
    told = "confidence sequence, population; interrupted after 56 samples"
    assert (drop.method, clean.method) == (told, told) and drop.extra["bootstrap"] is None
    seen = run.interim.planned.samples[:56]
    contrast = Contrast("drop", np.array([float(number_of(s) % 4 == 0) for s in seen]), clusters_of(seen))
    sequence = Sequential.of(contrast, Order.of(contrast.clusters, 1))
    assert (drop.low, drop.high) == pytest.approx(tuple(100 * bound for bound in sequence.interval()))
    assert row.verdict.p_violated == pytest.approx(sequence.p_violated(0.25))


def test_interrupted_in_the_first_look_nothing_is_said(start: Callable[..., Run]) -> None:
    run = start(interrupted(5))
    with pytest.raises(KeyboardInterrupt):
        run.evaluation.measure(run.permutation)
    drop = run.rows[0].estimates["performance_drop"]
    assert (drop.n, drop.value, drop.low, drop.high) == (0, None, -100, 100)
    assert drop.method == "range only: no complete look; interrupted after 0 samples"


def test_no_claim_on_a_ratio_while_its_denominator_may_be_0() -> None:
    interim = InterimAnalyses(benchmark(64), 0, telling=True)
    interim.seen = 64
    clusters = clusters_of(interim.planned.samples)
    claim = replace(claims.load()["occlusion"], margin=-90.0)
    for rate, reason in ((0.0, INDISTINCT), (1.0, "is inside at least -90 points")):
        over = Contrast("denominator", np.full(64, rate), clusters)
        found = interim.decide(Contrast("kept", np.zeros(64), clusters, over=over), claim, None, 64)
        assert reason in found.reason


def test_influence_values_are_decided_once_at_the_end() -> None:
    interim = InterimAnalyses(benchmark(80), 0)
    clusters = tuple(sample.cluster for sample in interim.planned.samples)
    values = np.random.default_rng(0).normal(0.5, 0.1, 80)
    claim = replace(claims.load()["occlusion"], margin=10.0)
    interim.advance(8)
    part = Contrast(
        "areas", values[: interim.samples], clusters[: interim.samples], bound=3.0, linearised=True
    )
    assert interim.decide(part, claim, None, 80).reason == "decided once, at the end"
    while not interim.exhausted:
        interim.advance(8)
    whole = Contrast("areas", values, clusters, bound=3.0, linearised=True)
    assert interim.decide(whole, claim, None, 80).decision is Decision.HOLDS


def test_a_batch_is_small_where_the_engines_are_large() -> None:
    interim = InterimAnalyses(benchmark(160), 0)
    assert not (interim.promising or interim.telling or interim.interrupted)
    interim.promising, interim.undecided = True, {"permutation"}
    interim.begin()
    assert not (interim.promising or interim.undecided)
    interim.advance(512)
    assert interim.samples == 10
    interim.advance(4)
    assert (interim.samples, len(interim.benchmark.samples)) == (14, 14)


def test_scores_of_other_samples_have_a_sequence_of_their_own() -> None:
    interim = InterimAnalyses(benchmark(40), 0, telling=True)
    interim.seen = 20
    clusters = tuple(f"other{i}" for i in range(30))
    found = interim._sequence(Contrast("visual", np.zeros(30), clusters))
    assert found is not None and len(found.sizes) == 30
    assert interim._sequence(Contrast("visual", np.zeros(30), clusters, n_error=2)) is None


def looked(n: int, final_look: bool = False) -> tuple[InterimAnalyses, Callable[[int], Contrast]]:
    """A run that has seen all, and a contrast that is 1 for every so-manyth sample of it (0: for none)."""
    interim = InterimAnalyses(benchmark(n), 7, "population", final_look)
    while not interim.exhausted:
        interim.advance(8)
    seen = interim.benchmark.samples

    def contrast(every: int) -> Contrast:
        values = np.array([float(every > 0 and number_of(each) % every == 0) for each in seen])
        return Contrast("x", values, clusters_of(seen), samples=tuple(each.id for each in seen))

    return interim, contrast


def test_the_looks_pay_for_the_final_one_where_nothing_can_be_lost_too() -> None:
    """Their share of alpha is 0.8, so that their p-values count 1.25 times."""
    found = []
    for final_look in (False, True):
        interim, contrast = looked(100, final_look)
        found.append(interim.decide(contrast(0), claims.load()["permutation"], contrast(10), 100))
    plain, final = found
    assert plain.reason.startswith("not shown that there is something to lose")
    assert plain.p_holds > 0.1 and final.p_holds == pytest.approx(plain.p_holds / 0.8) and final.p_holds < 1


def test_an_undecided_claim_on_at_least_so_much_is_told_with_the_interval_of_its_mean() -> None:
    interim, contrast = looked(40)
    claim = claims.load()["image_use"]
    assert claim.direction == "at_least"
    gained = contrast(3)
    verdict = interim.decide(gained, replace(claim, margin=30.0), None, 40)
    low, high = (float(each) for each in verdict.reason.partition("]")[0].strip("[").split(", "))
    assert verdict.decision is Decision.UNDECIDED
    assert -100 <= low < 100 * float(gained.values.mean()) < high <= 100


@pytest.mark.parametrize("every", [0, 4])
def test_looks_that_decide_count_by_their_share_of_alpha(every: int) -> None:
    """With a final look the looks have 0.8 of alpha: p-values are 1.25 times what the bets say, 1 at most."""
    interim, contrast = looked(400, final_look=True)
    claim = claims.load()["permutation"]
    found = interim.decide(contrast(every), claim, None, 400)
    bets = Sequential.of(contrast(every), interim.order)
    assert found.decision is (Decision.VIOLATED if every else Decision.HOLDS)
    expected = [min(p(0.02) / 0.8, 1.0) for p in (bets.p_holds, bets.p_violated)]
    assert (found.p_holds, found.p_violated) == pytest.approx(expected)


@pytest.mark.parametrize(("n", "every"), [(240, 0), (100, 30)])
def test_the_final_look_counts_by_its_own_share(n: int, every: int) -> None:
    interim, contrast = looked(n, final_look=True)
    claim = claims.load()["permutation"]
    bets, last = Sequential.of(contrast(every), interim.order), ScoreTest.of(contrast(every))
    assert bets.stop(0.02, 0.04) is None
    found = interim.decide(contrast(every), claim, None, n)
    for p, running, fixed in (
        (found.p_holds, bets.p_holds(0.02), last.p_holds(0.02)),
        (found.p_violated, bets.p_violated(0.02), last.p_violated(0.02)),
    ):
        assert p == pytest.approx(min(running / 0.8, fixed / 0.2, 1.0))


@pytest.mark.parametrize("n_error", [0, 3])
def test_samples_without_a_score_are_part_of_what_was_seen(n_error: int) -> None:
    interim = InterimAnalyses(benchmark(40), 0, telling=True)
    interim.seen = 20
    clusters = clusters_of(interim.planned.samples)[: 20 - n_error]
    found = interim._sequence(Contrast("drop", np.zeros(20 - n_error), clusters, n_error=n_error))
    assert found is not None and len(found.sizes) == 20 and found.highs.sum() == n_error
    assert interim._sequence(Contrast("drop", np.zeros(20 - n_error), clusters, n_error=n_error + 1)) is None


def test_what_is_told_of_a_run_that_goes_on() -> None:
    interim = InterimAnalyses(benchmark(400), 7)
    while interim.samples < 100:
        interim.advance(25)
    claim, seen = claims.load()["permutation"], clusters_of(interim.benchmark.samples)
    contrast = Contrast("drop", np.zeros(100), seen)
    told, bets = interim.about(contrast, claim), Sequential.of(contrast, interim.order)
    assert told["share"] == 0.25 and told["planned"] == 400 and told["predicted_at"] == 5.0
    assert (told["e_holds"], told["e_violated"]) == pytest.approx((1 / bets.p_holds(0.02), 1.0))
    assert told["stopped_early"] and "e_holds" not in interim.about(replace(contrast, linearised=True), claim)


@pytest.mark.parametrize("unit", ["points", "score"])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("lost", [0, 1, 5, 60])
def test_what_is_shown_of_a_stopped_run_is_its_confidence_sequence(
    unit: str, signed: bool, lost: int
) -> None:
    """A score begins at 0; a drop below, though no sample won."""
    interim, contrast = looked(60)
    made = replace(contrast(lost), signed=signed)
    scale = 100.0 if unit == "points" else 1.0
    plain = decide.estimate(made, unit=unit, replicates=0)
    found = interim.shown(plain, made)
    low, high = Sequential.of(made, interim.order).interval(0.05)
    assert low < 0 or lost > 0
    assert (found.low, found.high) == pytest.approx((scale * (low if signed else max(low, 0)), scale * high))
    assert found.method == "confidence sequence, population" and found.extra["nu"] == plain.extra["nu"]
    interim.telling = False
    assert interim.shown(plain, made) is plain


@pytest.mark.parametrize("failed", [0, 1, 6])
def test_a_part_of_the_samples_is_looked_at_with_those_that_failed_at_the_worst(failed: int) -> None:
    """Every other cluster; its failed samples are put at either end, as in the run's order."""
    interim, contrast = looked(60)
    seen = contrast(0).clusters[::2]
    whole = Contrast("share", np.zeros(len(seen)), seen, signed=False)
    part = replace(
        whole,
        values=whole.values[failed:],
        clusters=seen[failed:],
        n_error=failed,
        failed=tuple(Failed(c, c) for c in seen[:failed]),
    )
    found = interim.shown(decide.estimate(part, replicates=0), part)
    assert found.method.startswith("confidence sequence") and found.low == 0
    assert found.high >= 100 * failed / len(seen)
    assert (found.high > interim.shown(decide.estimate(whole, replicates=0), whole).high) == bool(failed)
    unknown = replace(part, failed=())
    told = interim.shown(decide.estimate(unknown, replicates=0), unknown).method
    assert told.startswith("range only") == bool(failed)


def test_the_weakest_of_what_a_claim_needs_is_its_p_value(monkeypatch: pytest.MonkeyPatch) -> None:
    interim, contrast = looked(60)
    needs = [SimpleNamespace(p=p, unmet=lambda: "not shown") for p in (0.2, 0.95, 0.4)]
    monkeypatch.setattr(type(interim), "_conditions", lambda *_: iter(needs))
    verdict = interim.decide(contrast(60), claims.load()["permutation"], None, 400)
    assert verdict.decision is Decision.UNDECIDED and verdict.reason == "not shown"
    assert verdict.p_violated == pytest.approx(0.95)


def test_what_seeing_is_worth_is_told_with_the_bound_of_its_own_sequence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    interim, contrast = looked(60)
    claim, worth = claims.load()["permutation"], replace(contrast(2), name="gain", bound=1.0)
    (need,) = interim._conditions(contrast(60), claim, worth)
    seen = interim._sequence(worth)
    assert seen is not None
    low = seen.interval(claim.alpha)[0]
    assert -1 < low < 0.5 and f"is worth 50.00 points, at least {100 * low:.2f} (5 %)" in need.unmet()
    monkeypatch.setattr(type(interim), "_sequence", lambda *_: None)
    (need,) = interim._conditions(contrast(60), claim, worth)
    assert need.p == 1.0 and "at least -100.00 (5 %)" in need.unmet()
