"""The checkpoints of a history: runs and baselines, found by name and put in order."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, count
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ipllvm.errors import UsageError
from ipllvm.reporting import migration
from ipllvm.reporting import runs as run_names
from ipllvm.reporting.schema import Report
from ipllvm.reporting.text import visible
from ipllvm.safety.places import named

if TYPE_CHECKING:
    from ipllvm.gate.baseline import Baseline

_STEP: Final = re.compile(r"(\d+)\D*$")
"""The last number of a name."""
ORDERS: Final = ("auto", "time", "step", "tag", "given")


@dataclass(frozen=True, slots=True)
class CheckpointRun:
    """A run: its label, its model, when it was measured, its report and what it has by sample, as far as it
    has them.
    """

    label: str
    model: str
    when: str
    report: Report | None
    baseline: "Baseline | None"
    page: Path | None


def checkpoints(name: str, reports: Path) -> Iterator[CheckpointRun]:
    """What a folder, a folder of runs or the name of a baseline stands for; raises UsageError for none."""
    from ipllvm.gate import names, reading
    from ipllvm.gate.sides import BEGAN

    path = named(name)
    files = [] if path is None else _reports_in(path)
    files = files or ([run_names.find(name, reports)] if name.startswith(run_names.LATEST) else [])
    if files:
        yield from (each for file in files for each in _of_run(file))
        return
    file = names.find(name, reports, "history")
    if file is None:
        raise names.unknown(name, reports, "history")
    if file.name == names.FILE and file.with_name(names.REPORT).is_file():
        yield from _of_run(file.with_name(names.REPORT))
        return
    baseline = reading.load(file)
    model = baseline.about.get("model", file.stem)
    called = model.get("name", file.stem) if isinstance(model, Mapping) else model
    when = _minute(str(baseline.about.get(BEGAN, "")))
    yield CheckpointRun(_text(file.stem, 40), _text(called, 80), when, None, baseline, None)


def _reports_in(folder: Path) -> list[Path]:
    """The report of a run's folder, else those of the runs in it, or in the folders in it."""
    if (folder / "report.json").is_file():
        return [folder / "report.json"]
    return sorted(folder.glob("*/report.json")) or sorted(folder.glob("*/*/report.json"))


def require_different(found: Sequence[CheckpointRun]) -> None:
    """Raises UsageError where a run is there twice, as by its folder and as the baseline that it became."""
    from ipllvm.gate.sides import same_run

    for (number, one), (later, other) in combinations(enumerate(found, start=1), 2):
        reports = one.report is not None and one.report == other.report
        before, after = one.baseline, other.baseline
        if reports or (before is not None and after is not None and same_run(before, after)):
            raise UsageError(
                f"history: runs {number} and {later} of {len(found)} ({_text(other.model, 80)}, "
                f"{other.when or one.when}) are one run: name each once"
            )


def _of_run(file: Path) -> Iterator[CheckpointRun]:
    """The run of each model that a report has; the answers beside it are those of a single one."""
    from ipllvm.gate import reading
    from ipllvm.gate.sides import BEGAN

    report = migration.read(file)
    answers = file.with_name("baseline.json")
    baseline = reading.load(answers) if answers.is_file() else None
    began = str(baseline.about.get(BEGAN, "")) if baseline is not None else ""
    if began and began[:19] != report["run"]["started"][:19]:
        raise UsageError(f"{visible(str(answers), 4096)}: of another run than the report beside it")
    page = file.with_name("report.html")
    when = _minute(report["run"]["started"])
    single = len(report["models"]) == 1
    for each in report["models"]:
        rows = [row for row in report["results"] if row["model"] == each["id"]]
        model = _text(each["id"], 80)
        yield CheckpointRun(
            model,
            model,
            when,
            {**report, "models": [each], "results": rows},
            baseline if single else None,
            page if page.is_file() else None,
        )


def _minute(started: str) -> str:
    """When a run began, to the minute."""
    return _text(started[:16], 16).replace("T", " ")


def _text(value: object, limit: int) -> str:
    return visible(str(value), limit)


def _tag(label: str) -> list[tuple[int, str]]:
    """What a tag is sorted by: its numbers as numbers, so that v1.9 is before v1.10.

    >>> sorted(["v1.10", "v1.9", "v1.9-rc2", "v2"], key=_tag)
    ['v1.9', 'v1.9-rc2', 'v1.10', 'v2']
    """
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", label)]


def ordered(found: Sequence[CheckpointRun], by: str) -> list[CheckpointRun]:
    """The checkpoints in their order, each under its own label; raises UsageError for steps there are not."""
    steps = [_STEP.search(each.model) or _STEP.search(each.label) for each in found]
    different = len({step[1] for step in steps if step}) == len(found)
    if by == "step" and not different:
        raise UsageError("--by=step: the names of the models do not end in a step of their own: --by=time")
    if by == "step" or (by == "auto" and different):
        numbered = zip((int(step[1]) for step in steps if step), found, strict=True)
        return _labelled([each for _, each in sorted(numbered, key=lambda pair: pair[0])])
    if by == "tag":
        return _labelled(sorted(found, key=lambda each: _tag(each.label)))
    return _labelled(found if by == "given" else sorted(found, key=lambda each: each.when))


def _labelled(found: Sequence[CheckpointRun]) -> list[CheckpointRun]:
    """The same, of equal labels all but the first with a number that no label has."""
    own, taken, labelled = {each.label for each in found}, set[str](), []
    for each in found:
        label = each.label
        if label in taken:
            others = (f"{label} ({number})" for number in count(2))
            label = next(name for name in others if name not in own | taken)
        taken.add(label)
        labelled.append(replace(each, label=label))
    return labelled
