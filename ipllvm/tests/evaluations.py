"""A property test's evaluation of a planted model, without a pytest session."""

from dataclasses import replace

from ipllvm import claims
from ipllvm.artifacts import Artifacts
from ipllvm.benchmarks import planted
from ipllvm.engine.store.outcomes import forgetful
from ipllvm.evaluation.evaluation import Evaluation, Settings
from ipllvm.models.loading import load
from ipllvm.records import Result


def evaluation(
    model: str, n: int = 40, rows: list[Result] | None = None, artifacts: Artifacts | None = None
) -> Evaluation:
    """On `n` samples with ten to a cluster; results go into `rows`."""
    whole = planted.tens(seed=0)
    data = replace(whole, samples=whole.samples[:n])
    settings = Settings(draws=2, report_only=True)
    record = ([] if rows is None else rows).append
    return Evaluation(
        "made_up",
        load(model),
        data,
        n,
        claims.load(),
        settings,
        record,
        lambda done, total: None,
        forgetful(),
        artifacts,
    )
