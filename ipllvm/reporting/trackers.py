"""Experiment trackers: a report as runs of MLflow, trackio, TensorBoard or Weights & Biases.

None of them is required; each is imported where it is asked for, and told by its own rules (environment
variables, logins) where to write.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

from ipllvm.errors import IpllvmError, UsageError, first_line
from ipllvm.reporting import manifest
from ipllvm.reporting.answer import answer_of
from ipllvm.reporting.folders import inner_folder
from ipllvm.reporting.measures import measures
from ipllvm.reporting.schema import Report, Row

PROJECT: Final = "ipllvm"


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """One model of a report, as a tracker takes it; `folder` is where the report lies."""

    name: str
    numbers: Mapping[str, float]
    about: Mapping[str, str]
    folder: Path
    answer: str = ""
    files: tuple[Path, ...] = field(default=())


def tracked(report: Report, folder: Path) -> Iterator[TrackedRun]:
    """A run for each model of a report, named by the report and the model."""
    run, pages = report["run"], [folder / name for name in ("report.html", "report.json")]
    benchmarks = ", ".join(each["id"] for each in report["benchmarks"])
    for model in report["models"]:
        own = cast(Report, {**report, **{name: _of(rows, model) for name, rows in _answered(report)}})
        about = {"model": model["name"], "fingerprint": model["fingerprint"], "dtype": model["dtype"]}
        about |= {"benchmarks": benchmarks, "run": run["id"], "ipllvm": run["versions"].get("ipllvm", "")}
        yield TrackedRun(
            f"{model['id']} {run['id']}",
            measures(report, model["id"]),
            about,
            folder,
            answer_of(own).release[1],
            tuple(page for page in pages if page.is_file()),
        )


def _answered(report: Report) -> Iterator[tuple[str, Sequence[Row]]]:
    """What the answer of a run is made of, by its place in the report."""
    yield "results", report["results"]
    yield "failed", report["failed"]
    yield "not_measured", report["not_measured"]


def _of(rows: Sequence[Row], model: Row) -> list[Row]:
    """What is of one model: by its id, by its name where nothing was measured, and what is of none."""
    return [row for row in rows if row["model"] in (model["id"], model["name"], "")]


def log(tracker: str, run: TrackedRun) -> str:
    """Write a run to a tracker of `TRACKERS`; where it went.

    Raises UsageError without its package, and where the tracker does not take it, with its first line.
    """
    try:
        return TRACKERS[tracker](run)
    except IpllvmError:
        raise
    except Exception as error:  # whatever it raises: no login, no server, half an installation
        raise UsageError(f"--log {tracker}: it took nothing: {first_line(error)}") from error


def _mlflow(run: TrackedRun) -> str:
    mlflow = _package("mlflow")
    if mlflow.active_run() is None:
        mlflow.set_experiment(PROJECT)
    with mlflow.start_run(run_name=run.name, nested=mlflow.active_run() is not None) as started:
        mlflow.log_params(dict(run.about))
        mlflow.log_metrics(dict(run.numbers))
        mlflow.set_tag("answer", run.answer)
        for file in run.files:
            mlflow.log_artifact(str(file))
        return f"MLflow run {started.info.run_id} at {mlflow.get_tracking_uri()}"


def _trackio(run: TrackedRun) -> str:
    return _initialised(_package("trackio"), run)


def _wandb(run: TrackedRun) -> str:
    return _initialised(_package("wandb"), run)


def _initialised(package: ModuleType, run: TrackedRun) -> str:
    """Trackio has the calls of Weights & Biases."""
    package.init(project=PROJECT, name=run.name, config={**run.about, "answer": run.answer})
    package.log(dict(run.numbers))
    package.finish()
    return f"{package.__name__} project {PROJECT}, run {run.name}"


def _tensorboard(run: TrackedRun) -> str:
    place = inner_folder(manifest.beside(run.folder), "tensorboard") / run.name.replace("/", "_")
    writer = summary_writer(place)
    for name, value in run.numbers.items():
        writer.add_scalar(name, value, 0)
    writer.add_text("answer", run.answer)
    writer.close()
    return str(place)


def summary_writer(place: Path) -> Any:
    """TensorBoard's writer of a folder; raises UsageError without the package."""
    _package("tensorboard")
    return _package("torch.utils.tensorboard", "tensorboard").SummaryWriter(str(place))


def _package(name: str, install: str = "") -> ModuleType:
    try:
        return import_module(name)
    except ImportError as error:
        needed = install or name
        raise UsageError(f"--log {name}: needs the package {needed}: pip install {needed}") from error


TRACKERS: Final[Mapping[str, Callable[[TrackedRun], str]]] = {
    "mlflow": _mlflow,
    "trackio": _trackio,
    "tensorboard": _tensorboard,
    "wandb": _wandb,
}
"""The names that `ipllvm report --log` takes."""
