from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ipllvm import claims
from ipllvm.engine.executors.base import LocalExecutor
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Outcomes
from ipllvm.engine.shard import Shard
from ipllvm.engine.store.outcomes import forgetful
from ipllvm.errors import ClaimUndecided, ClaimViolated, NotMeasured, NotTested, UnknownName
from ipllvm.evaluation.evaluation import Evaluation, Settings
from ipllvm.evaluation.schedules import Fixed, PlanOnly, Sharded
from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import gain, performance_drop, score
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.shuffle import PatchShuffle
from ipllvm.perturbations.substitution import Blank
from ipllvm.records import (
    Benchmark,
    Claim,
    Decision,
    ModelInfo,
    Response,
    Result,
    Sample,
    Stage,
    Trial,
    Verdict,
)

Progress = Callable[[int], None]
Answer = Callable[[Trial], Response]
RIGHT, WRONG = Response("red", (1,)), Response("blue", (2,))
INFO = ModelInfo("fake", "llava", "f" * 64, "cpu", "float32", "sdpa", "checkpoint", 1)


class Fake:
    """A model that only says who it is: the engine is replaced in these tests."""

    name = "fake"
    stages = frozenset(Stage)
    image_backend = "pil"
    sealed = ""
    placed = True

    def info(self) -> ModelInfo:
        """Its identity."""
        return INFO

    def batch_size(self) -> int:
        """Any will do."""
        return 8

    def prepare(self, images: Any, prompt: str) -> Any:
        """It has no template."""
        raise ValueError(prompt)


def benchmark(n: int) -> Benchmark:
    samples = tuple(Sample(f"s{i}", f"c{i}", (), "what color?", "red") for i in range(n))
    return Benchmark("colors", samples, "exact_match", "d" * 64, "made here")


@pytest.fixture
def evaluate() -> Callable[..., tuple[Evaluation, list[Result]]]:
    """An Evaluation whose model answers as told; `stop` interrupts after that many samples."""

    def make(
        answer: Answer,
        n: int = 400,
        stop: int | None = None,
        claim: Claim | None = None,
        schedule: Fixed | None = None,
        **settings: Any,
    ) -> tuple[Evaluation, list[Result]]:
        def run(
            model: Any, plan: Plan, size: int, outcomes: Outcomes, progress: Progress, artifacts: Any
        ) -> None:
            for number, sample in enumerate(plan.samples):
                if number == stop:
                    raise KeyboardInterrupt
                for perturbation in plan.perturbations:
                    outcomes.update({c.trial: answer(c.trial) for c in plan.cases([sample], perturbation)})
                progress(len(outcomes))

        executor: Any = LocalExecutor()
        executor.run = run
        rows: list[Result] = []
        known = claims.load() | ({claim.name: claim} if claim else {})
        asked = Settings(draws=2, **settings)
        fake: Any = Fake()
        told = lambda done, total: None  # noqa: E731
        data, put, memory = benchmark(n), rows.append, forgetful()
        how: Any = {"executor": executor, "schedule": schedule}
        return Evaluation("p", fake, data, n, known, asked, put, told, memory, **how), rows

    return make


def measured(evaluation: Evaluation) -> Verdict:
    found: list[Verdict] = []

    def test() -> None:
        clean, blank, permuted = evaluation.run(Blank(), Permutation())
        found.append(
            evaluation.check(
                "permutation",
                performance_drop(clean, permuted),
                Shown({"clean": clean, "blank": blank, "permuted": permuted}),
                something_to_lose=gain(clean, blank),
            )
        )

    evaluation.measure(test)
    return found[-1]


def unchanged(trial: Trial) -> Response:
    return WRONG if "blank" in trial.perturbation else RIGHT


def broken(trial: Trial) -> Response:
    return RIGHT if trial.perturbation == "clean" else WRONG


def blind(trial: Trial) -> Response:
    return RIGHT


def test_an_unchanged_model_holds(evaluate: Callable[..., tuple[Evaluation, list[Result]]]) -> None:
    evaluation, rows = evaluate(unchanged)
    assert measured(evaluation).decision is Decision.HOLDS
    (row,) = rows
    assert row.trials == 400 * (1 + 1 + 2)
    assert row.estimates["clean"].value == 100
    assert row.estimates["blank"].value == 0
    assert row.estimates[row.claim.quantity].value == 0


@pytest.mark.parametrize(("curve", "n", "drawn"), [(22, 120, 22), (22, 12, 12), (None, 120, 120)])
def test_a_curve_beside_a_claim_is_of_the_first_samples(
    evaluate: Callable[..., tuple[Evaluation, list[Result]]], curve: int | None, n: int, drawn: int
) -> None:
    evaluation, rows = evaluate(unchanged, n, curve=curve, report_only=True)

    def test() -> None:
        clean, blank, permuted, beside = evaluation.run(Blank(), Permutation(), beside=[PatchShuffle(2)])
        assert beside.samples == clean.only(beside.samples).samples == permuted.samples[:drawn]
        shown = Shown({"clean": clean, "blank": blank, "beside": beside})
        evaluation.check("permutation", performance_drop(clean, permuted), shown)

    evaluation.measure(test)
    assert rows[0].estimates[rows[0].claim.quantity].n == n and rows[0].estimates["beside"].n == drawn
    assert rows[0].settings.get("curve_samples") == curve


def test_a_broken_model_violates_after_the_row_is_recorded(
    evaluate: Callable[..., tuple[Evaluation, list[Result]]],
) -> None:
    evaluation, rows = evaluate(broken)
    with pytest.raises(ClaimViolated):
        measured(evaluation)
    assert rows[0].verdict.decision is Decision.VIOLATED
    assert rows[0].estimates[rows[0].claim.quantity].value == 100


def test_a_blind_model_has_nothing_to_lose(
    evaluate: Callable[..., tuple[Evaluation, list[Result]]],
) -> None:
    evaluation, _ = evaluate(blind)
    with pytest.raises(ClaimUndecided, match="something to lose"):
        measured(evaluation)


def test_report_only_never_raises(evaluate: Callable[..., tuple[Evaluation, list[Result]]]) -> None:
    for answer, expected in ((broken, Decision.VIOLATED), (blind, Decision.UNDECIDED)):
        evaluation, rows = evaluate(answer, report_only=True)
        assert measured(evaluation).decision is expected
        assert len(rows) == 1


def test_an_observation_never_raises(evaluate: Callable[..., tuple[Evaluation, list[Result]]]) -> None:
    observed = replace(claims.load()["permutation"], kind="observation")
    evaluation, _ = evaluate(broken, claim=observed)
    assert measured(evaluation).decision is Decision.VIOLATED


def test_a_strict_run_fails_by_its_observations(
    evaluate: Callable[..., tuple[Evaluation, list[Result]]],
) -> None:
    observed = replace(claims.load()["permutation"], kind="observation")
    for answer, raised in ((broken, ClaimViolated), (blind, ClaimUndecided)):
        evaluation, _ = evaluate(answer, claim=observed, strict_observations=True)
        with pytest.raises(raised):
            measured(evaluation)


def test_of_two_claims_both_are_recorded_before_the_worse_is_raised(
    evaluate: Callable[..., tuple[Evaluation, list[Result]]],
) -> None:
    evaluation, rows = evaluate(broken)

    def test() -> None:
        clean, permuted = evaluation.run(Permutation())
        for claim in ("permutation", "image_use"):
            evaluation.check(claim, performance_drop(clean, permuted), Shown({"clean": clean}))

    with pytest.raises(ClaimViolated, match="Shuffling the visual"):
        evaluation.measure(test)
    assert [row.verdict.decision for row in rows] == [Decision.VIOLATED, Decision.HOLDS]


def test_a_model_without_tokens_is_not_tested(
    evaluate: Callable[..., tuple[Evaluation, list[Result]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fake, "stages", frozenset({Stage.PIXELS}))
    evaluation, rows = evaluate(unchanged)
    with pytest.raises(NotTested, match="fake has no visual tokens to perturb"):
        measured(evaluation)
    assert rows == []


@pytest.mark.parametrize("report_only", [False, True])
def test_an_error_is_no_wrong_answer_and_no_verdict(
    evaluate: Callable[..., tuple[Evaluation, list[Result]]], report_only: bool
) -> None:
    def failing(trial: Trial) -> Response:
        failed = trial.sample == "s7" and trial.perturbation != "clean"
        return Response("", error="Traceback ...\nRuntimeError: boom") if failed else unchanged(trial)

    evaluation, rows = evaluate(failing, report_only=report_only)
    with pytest.raises(NotMeasured, match="1 of 400 samples failed, first s7: RuntimeError: boom"):
        measured(evaluation)
    (row,) = rows
    assert row.verdict.decision is Decision.UNDECIDED
    assert [sample for sample, _ in row.errors] == ["s7"]
    drop = row.estimates[row.claim.quantity]
    assert (drop.n, drop.n_error, drop.value) == (399, 1, 0)
    assert row.estimates["clean"].value == 100


def test_an_error_counts_where_its_scores_are_not_shown(
    evaluate: Callable[..., tuple[Evaluation, list[Result]]],
) -> None:
    def failing(trial: Trial) -> Response:
        broken = trial.perturbation.startswith("permutation")
        return Response("", error="RuntimeError: boom") if broken else RIGHT

    evaluation, rows = evaluate(failing)
    clean, blank, _ = evaluation.run(Blank(), Permutation())
    contrast = gain(clean, blank)
    with pytest.raises(NotMeasured, match="400 of 400 samples failed, first s0: RuntimeError: boom"):
        evaluation.check("image_use", contrast, Shown({"clean": clean, "blank": blank}))
    assert len(rows[0].errors) == 400


def test_all_errors_leave_no_number(evaluate: Callable[..., tuple[Evaluation, list[Result]]]) -> None:
    evaluation, rows = evaluate(lambda trial: Response("", error="RuntimeError: boom"))
    with pytest.raises(NotMeasured):
        measured(evaluation)
    assert rows[0].estimates[rows[0].claim.quantity].value is None
    assert rows[0].estimates["clean"].value is None


def test_an_interrupted_run_is_recorded_as_partial(
    evaluate: Callable[..., tuple[Evaluation, list[Result]]],
) -> None:
    evaluation, rows = evaluate(unchanged, stop=10)
    with pytest.raises(KeyboardInterrupt):
        measured(evaluation)
    (row,) = rows
    assert row.partial
    assert row.verdict.decision is Decision.UNDECIDED
    assert "stopped after 40 of 1600 trials" in row.verdict.reason
    assert row.estimates["clean"].n == 10


def test_shards_draw_a_curve_on_the_samples_of_a_whole_run(
    evaluate: Callable[..., tuple[Evaluation, list[Result]]],
) -> None:
    found: list[str] = []
    for number in (1, 2, 3):
        evaluation, _ = evaluate(unchanged, 120, curve=22, schedule=Sharded(Shard(number, 3)))

        def test(evaluation: Evaluation = evaluation) -> None:
            *_, beside = evaluation.run(Blank(), beside=[PatchShuffle(2)])
            found.extend(beside.samples)

        with pytest.raises(NotTested, match="40 of 120 samples measured"):
            evaluation.measure(test)
    assert sorted(found) == sorted(sample.id for sample in benchmark(120).samples[:22])


def test_a_claim_of_ones_own_needs_no_file(
    evaluate: Callable[..., tuple[Evaluation, list[Result]]],
) -> None:
    evaluation, rows = evaluate(unchanged)
    own = Claim("own", "kept", "at_least", 50.0, "observation", "us", "Half is kept.", meaning="kept")
    (clean,) = evaluation.run()
    assert evaluation.check(own, score(clean), Shown({"clean": clean})).decision is Decision.HOLDS
    assert rows[0].claim == own
    with pytest.raises(UnknownName, match="unknown claim of p 'permuation': did you mean 'permutation'"):
        evaluation.check("permuation", score(clean), Shown({"clean": clean}))


def test_all_that_is_planned_is_told_before_any_of_it_is_run(
    evaluate: Callable[..., tuple[Evaluation, list[Result]]],
) -> None:
    told: list[tuple[int, ...]] = []
    for curve, n in ((22, 120), (22, 22), (None, 120)):
        planned = PlanOnly(lambda *plans: told.append(tuple(map(len, plans))))
        evaluation, _ = evaluate(unchanged, n, curve=curve, schedule=planned)
        evaluation.run(Blank(), Permutation(), beside=[PatchShuffle(2)])
    assert told == [(120 * 4, 22 * 2), (22 * 6,), (120 * 6,)]
