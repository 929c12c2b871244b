"""The run as a baseline: beside its report, under the name that it was asked for, or why it can be none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ipllvm.gate.agreement import FAILED, UNMEASURED
from ipllvm.safety.writing import Place
from ipllvm.session.options import Options

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: its exit status, how many results it lacks, which laws and tests failed.

    `without` are the tests of properties that gave nothing which could be compared, though they should have.
    """

    status: int
    unmeasured: int
    failed: Sequence[str]
    without: Sequence[str]

    @property
    def as_row(self) -> dict[str, list[str]]:
        """What no comparison may pass over, where there is something."""
        cut = self.status in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
        without = [*self.without, *(["the run was interrupted"] if cut else [])]
        found = {FAILED: [*self.failed], UNMEASURED: without}
        return {name: tests for name, tests in found.items() if tests}


def about(run: str, began: datetime, rows: Rows, ending: Ending) -> dict[str, Any]:
    """What a baseline of a run says of itself, from the rows of its report and how it ended."""
    from ipllvm.reporting.report import machine, versions

    model = rows[0]["model"] if rows else None
    header = {"model": model, "run": run, "started": f"{began:%Y-%m-%dT%H:%M:%SZ}"}
    return {**header, **ending.as_row, "versions": versions(), "machine": machine()}


def keep(header: Mapping[str, Any], rows: Rows, options: Options, folder: Path | None) -> None:
    """Put what a comparison needs beside the report in `folder`; a baseline is of one model."""
    from ipllvm.gate.baseline import dumps
    from ipllvm.reporting.folders import replace_file

    if folder is not None and rows and len(options.models) == 1:
        replace_file(folder, "baseline.json", dumps(header, rows))


def save(
    header: Mapping[str, Any], rows: Rows, options: Options, places: Sequence[Place], ending: Ending
) -> list[str]:
    """Keep the run as a baseline if it was asked to be one, and is whole; what to tell of that.

    `places` are the folders as they were at the start. Raises UsageError where it can't be written.
    """
    from ipllvm.gate import names
    from ipllvm.gate.baseline import dumps
    from ipllvm.reporting.folders import ensure_there, ensure_writable, replace_file

    if not options.save_baseline:
        return []
    why = _unfit(rows, options, ending)
    if why:
        return [f"no baseline was saved: {why}"]
    file = names.place(options.report_dir, options.save_baseline)
    ensure_there(places)
    ensure_writable(file.parent)
    replace_file(file.parent, file.name, dumps(header, rows))
    first = "there was no baseline of this name; " if options.created else ""
    return [f"{first}baseline saved as {file}"]


def _unfit(rows: Rows, options: Options, ending: Ending) -> str:
    """Why the run can be no baseline; empty where it can."""
    from ipllvm.reporting.wording import count_of

    if ending.status == pytest.ExitCode.INTERRUPTED:
        return "the run was interrupted"
    if ending.unmeasured:
        return f"{count_of(ending.unmeasured, 'test')} could not be measured"
    if ending.failed:
        return f"{len(ending.failed)} of its laws and tests failed"
    if options.baseline and ending.status:
        return f"the run did not pass the comparison with {options.baseline}"
    return "" if rows else "no claim was measured by sample"
