"""Made-up results and reports for the tests of the views."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from ipllvm.records import BenchmarkInfo, Claim, Decision, Estimate, ModelInfo, Result, Verdict
from ipllvm.reporting.report import Run, WithoutResult, build, entry, replay
from ipllvm.reporting.schema import Report, row

FINGERPRINT = "0123456789abcdef" * 4
MODEL = ModelInfo("llava-tiny", "llava", FINGERPRINT, "cpu", "float32", "sdpa", "checkpoint", 4_512_345)
BENCHMARK = BenchmarkInfo("easyvqa", "feed" * 16, "easy-vqa 1.0 (PyPI)", 300, 60, 9673)
CLAIM = Claim(
    "permutation",
    "performance_drop",
    "at_most",
    2.0,
    "requirement",
    "paper 3.3, Table 1",
    "shuffled visual tokens cost at most 2 points",
)
RUN = Run(
    id="2025-03-01T12-00-00Z",
    started=datetime(2025, 3, 1, 12, 0, tzinfo=UTC),
    finished=datetime(2025, 3, 1, 12, 0, 42, 500_000, tzinfo=UTC),
    command="pytest properties -k permutation --model=llava-tiny",
    seed=0,
    exit_status=1,
    versions={"python": "3.11.9", "ipllvm": "0.1.0", "torch": "2.13.0"},
    platform="Linux-x86_64",
    options={"draws": 5, "report_only": False},
)


def estimate(name: str, value: float | None, low: float, high: float) -> Estimate:
    """An estimate in points on 300 samples."""
    return Estimate(name, "points", value, low, high, "score interval", 300, 60, 5, discordant=(12, 6))


def result(
    decision: Decision = Decision.HOLDS,
    reason: str = "",
    *,
    name: str = "permutation_invariance",
    kind: str = "requirement",
    p: float = 0.01,
) -> Result:
    """A result of a drop of 0.4 points, VIOLATED of one of 19.3; `p` belongs to `decision`."""
    changed = {
        False: [estimate("permuted", 94.9, 92.4, 96.7), estimate("performance_drop", 0.4, -0.75, 1.62)],
        True: [estimate("permuted", 76.0, 71.7, 79.8), estimate("performance_drop", 19.3, 15.1, 23.9)],
    }
    estimates = [
        estimate("clean", 95.3, 92.9, 97.0),
        estimate("blank", 41.0, 36.4, 45.8),
        *changed[decision is Decision.VIOLATED],
    ]
    verdict = Verdict(
        decision,
        reason,
        p_holds=p if decision == "HOLDS" else 0.4,
        p_violated=p if decision == "VIOLATED" else 0.6,
        minimum_detectable_effect=1.57,
        n_to_decide=1200 if decision == "UNDECIDED" else None,
    )
    return Result(
        property=name,
        model=MODEL,
        benchmark=BENCHMARK,
        claim=replace(CLAIM, kind=kind),
        estimates={found.name: found for found in estimates},
        verdict=verdict,
        settings={"draws": 5, "scope": "keep_newline", "batch_size": 16, "report_only": False},
        trials=2100,
        seconds=12.25,
    )


def report(
    *results: Result,
    run: Run = RUN,
    not_tested: tuple[WithoutResult, ...] = (),
    not_measured: tuple[WithoutResult, ...] = (),
    failed: tuple[WithoutResult, ...] = (),
    passed_laws: tuple[WithoutResult, ...] = (),
) -> Report:
    """The report of `results`, each from a test of its own."""
    rows = []
    for number, found in enumerate(results):
        test = f"properties/test_{found.property}.py::test_{found.property}[{found.model.name}-{number}]"
        outcome = {"HOLDS": "passed", "VIOLATED": "failed"}.get(found.verdict.decision, "skipped")
        rows.append(entry(row(found), test, outcome, replay(test, ["--model=llava-tiny", "--seed=0"])))
    return build(rows, run, not_tested, not_measured, failed, passed_laws)


def broken(
    name: str = "permutation_inverse", reason: str = "law broken: 1 swap", law: bool = True
) -> WithoutResult:
    """A law that one counterexample refutes, or a test that failed in another way."""
    test = f"properties/test_laws.py::test_{name}[llava-tiny]"
    return WithoutResult(
        test=test,
        property=name,
        model="llava-tiny",
        benchmark="",
        law=law,
        reason=reason,
        replay=replay(test, ["--model=llava-tiny"]),
    )


def kept(name: str = "permutation_identity", model: str = "llava-tiny") -> WithoutResult:
    """A law that holds."""
    return WithoutResult(test=f"properties/test_laws.py::test_{name}[{model}]", property=name, model=model)


def unmeasured(kind: str = "requirement") -> Result:
    """A result of a run in which the model failed on one sample."""
    reason = "could not be measured: 1 of 300 samples failed"
    found = result(Decision.UNDECIDED, reason, name="dim", kind=kind)
    estimates = {name: replace(value, n=299, n_error=1) for name, value in found.estimates.items()}
    return replace(found, estimates=estimates, errors=(("easyvqa-9", "OSError: image file is truncated"),))


def mixed() -> Report:
    """A report of its own with a row of every kind, two models and all that could not be told."""
    return deepcopy(_mixed())


@cache
def _mixed() -> Report:
    other = replace(MODEL, fingerprint="ff" * 32)
    undecided = result(Decision.UNDECIDED, "nothing to lose: clean exceeds blank by 0.3 [-1.0, 1.6] points")
    return report(
        result(p=0.04),
        undecided,
        replace(result(Decision.VIOLATED, "the drop is at least 2.4 points", name="occlusion"), model=other),
        result(Decision.VIOLATED, "the paper says at least 5", name="importance", kind="observation"),
        replace(
            result(name="noise", p=0.001),
            model=other,
            errors=(("easyvqa-17", "OSError: image file is truncated"),),
            partial=True,
        ),
        unmeasured(),
        not_tested=(
            WithoutResult(
                property="alignment",
                model="llava-tiny",
                benchmark="charts",
                reason="the model has no text encoder",
            ),
        ),
        not_measured=(
            WithoutResult(
                test="properties/test_b.py::test_b[x]", reason="3 errors, budget 0", model="llava-tiny"
            ),
        ),
        failed=(
            broken(reason="law broken: swaps (0, 1) change the answer to easyvqa-3: 'red' -> 'blue'"),
            broken("nothing", "AssertionError: assert 1 == 2", law=False),
        ),
        passed_laws=(kept(), kept("permutation_seeded")),
    )
