"""Sessions of the properties as a user starts them, timed from the command on."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipllvm.engine.store.outcome_file import SUFFIX
from ipllvm.errors import NotMeasured
from ipllvm.safety.places import VARIABLE

LOOK = 0.02
"""Seconds between two looks at the store."""


@dataclass(frozen=True, slots=True)
class SessionTime:
    """A run of the properties: seconds to the first outcome in the store (None: none was written) and to the
    end, and those of processors.
    """

    first: float | None
    seconds: float
    cpu: float


def timed(model: str, words: Sequence[str], store: Path, reports: Path) -> SessionTime:
    """`ipllvm check MODEL` with further `words`, its outcomes in `store`, its report under `reports`.

    Raises NotMeasured where it ends without a report.
    """
    command = [sys.executable, "-m", "ipllvm", "check", model, *words, f"--report-dir={reports}"]
    reports.mkdir(parents=True, exist_ok=True)
    had, before = set(store.rglob(f"*{SUFFIX}*")), _spent()
    reported = _reports(reports)
    began, first = time.perf_counter(), None
    with (
        (reports / "log").open("w+b") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=_environment(store)) as running,
    ):
        while running.poll() is None:
            if first is None and set(store.rglob(f"*{SUFFIX}*")) - had:
                first = time.perf_counter() - began
            time.sleep(LOOK)
    seconds = time.perf_counter() - began
    if _reports(reports) <= reported:
        printed = (reports / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise NotMeasured(
            f"ipllvm check {model} ended without a report: {printed[-1] if printed else 'silently'}"
        )
    return SessionTime(first, seconds, _spent() - before)


def last_report(reports: Path) -> dict[str, Any]:
    """The newest report under a folder; raises NotMeasured where there is none."""
    newest = max(_reports(reports), default=None)
    if newest is None:
        raise NotMeasured("a session of the properties ended without a report")
    found: dict[str, Any] = json.loads(newest.read_text(encoding="utf-8"))
    return found


def _reports(folder: Path) -> set[Path]:
    return set(folder.rglob("report.json"))


def _environment(store: Path) -> dict[str, str]:
    """That of a user: what is compiled of modules is kept, as where a package is installed."""
    return {**os.environ, VARIABLE: str(store), "PYTHONDONTWRITEBYTECODE": ""}


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
