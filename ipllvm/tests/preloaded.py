"""Imports what a session on a model needs, for the forks of one process to share; see `forks`.

Nothing of this repository that pytest rewrites is among it: the plugin itself and the fixtures. What each
would do once more is done: the other plugins are imported, fonts found, the page's templates compiled.
"""

import gc
from importlib import import_module
from importlib.metadata import entry_points

from ipllvm.safety.collecting import uncollected

LOADED = (
    "pytest", "xdist.plugin", "hypothesis.strategies", "jsonschema", "rich.table", "scipy.stats",
    "matplotlib.backends.backend_svg", "matplotlib.backends.backend_agg", "matplotlib.figure",
    "transformers.models.llava.modeling_llava", "transformers.models.llava.processing_llava",
    "transformers.models.clip.modeling_clip", "transformers.models.clip.image_processing_pil_clip",
    "ipllvm.models.loading", "ipllvm.models.families.llava",
    "ipllvm.models.planted.model", "ipllvm.models.encoders",
    "ipllvm.models.text", "ipllvm.artifacts.saliency", "ipllvm.engine.self_check",
    "ipllvm.evaluation.evaluation", "ipllvm.evaluation.counterexamples", "ipllvm.metrics.retention",
    "ipllvm.verdicts.statements", "ipllvm.session.costs",
    "ipllvm.reporting.report", "ipllvm.reporting.html", "ipllvm.reporting.pictures",
    "ipllvm.reporting.terminal", "ipllvm.reporting.ci", "ipllvm.reporting.markdown",
    "ipllvm.session.options", "ipllvm.session.controller", "ipllvm.session.comparisons",
    "ipllvm.session.all_answers", "ipllvm.gate.budget", "ipllvm.benchmarks.choice",
    "ipllvm.benchmarks.planted",
    "ipllvm.benchmarks.scenes", "ipllvm.benchmarks.charts", "ipllvm.benchmarks.rewording",
    "ipllvm.benchmarks.sources", "ipllvm.scorers.multiple_choice", "ipllvm.scorers.numbers",
    "ipllvm.scorers.yes_no", "ipllvm.perturbations.parsing", "ipllvm.perturbations.occlusion",
    "ipllvm.perturbations.noise", "ipllvm.perturbations.framing", "ipllvm.perturbations.shuffle",
    "ipllvm.metrics.alignment", "ipllvm.metrics.totals", "ipllvm.evaluation.subscores",
    "ipllvm.engine.visualization", "ipllvm.laws.probe", "rich.console", "werkzeug.test",
)  # fmt: skip


def _warm() -> None:
    from ipllvm.reporting.html import render
    from ipllvm.tests.reporting.reports import mixed

    for name in LOADED:
        import_module(name)
    for plugin in entry_points(group="pytest11"):
        if plugin.name != "hypothesispytest":  # which no session loads: by itself it says that pytest begins
            plugin.load()
    render(mixed())


with uncollected():
    _warm()
gc.freeze()
