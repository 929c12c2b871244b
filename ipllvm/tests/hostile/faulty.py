"""A fault at a chosen moment of a run, loaded with `-p`: FAULT says which, AT before which batch."""

import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

OUTCOMES = Path("reports/outcomes")


def _damage() -> None:
    for file in OUTCOMES.glob("*.sqlite"):
        file.write_bytes(b"nonsense" * 999)


def _swapped(folder: Path) -> None:
    """Another folder, which is the user's, takes the place of one of the run, by a link."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.rename("kept")
    folder.symlink_to(Path("victim").absolute())


def _no_memory() -> None:
    raise MemoryError


def _pictures() -> None:
    for file in Path("data").rglob("*.jpg"):
        file.write_bytes(b"no picture any more")


def _other_pictures() -> None:
    """Each picture becomes that of another question, as whoever sorts a folder leaves them."""
    files = sorted(Path("data").rglob("*.jpg"))
    kept = [file.read_bytes() for file in files]
    for file, other in zip(files, [*kept[1:], kept[0]], strict=True):
        file.write_bytes(other)


def _worker() -> None:
    """Whichever worker comes to its batch first; which one gets the tests is a matter of time."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        with suppress(FileExistsError):
            Path("killed").touch(exist_ok=False)
            os.kill(os.getpid(), signal.SIGKILL)


def _baseline() -> None:
    """Before any worker begins, the baseline is written over by another run."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        folder = Path("reports/baselines")
        shutil.copy(folder / "worse.json", folder / "good.json")


FAULTS: dict[str, Callable[[], object]] = {
    "SIGTERM": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "SIGHUP": lambda: os.kill(os.getpid(), signal.SIGHUP),
    "SIGINT": lambda: os.kill(os.getpid(), signal.SIGINT),
    "deleted": lambda: shutil.rmtree(OUTCOMES),
    "renamed": lambda: OUTCOMES.rename("reports/elsewhere"),
    "damaged": _damage,
    "swapped store": lambda: _swapped(OUTCOMES),
    "swapped reports": lambda: _swapped(OUTCOMES.parent),
    "memory": _no_memory,
    "pictures": _pictures,
    "other pictures": _other_pictures,
    "worker": _worker,
    "claims": lambda: Path("mine.toml").write_text("[" * 9_999),
}


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let the fault happen before the batch AT is written; a fault of the report when that is drawn."""
    fault, at = os.environ["FAULT"], int(os.environ.get("AT", "1"))
    if fault == "baseline":
        _baseline()
    elif fault == "report":
        from ipllvm.reporting import html

        vars(html)["render"] = lambda *reports: _no_memory()
    elif fault == "statements":
        from ipllvm.verdicts import statements

        vars(statements)["of"] = lambda *rows: _no_memory()
    else:
        _before_batch(FAULTS[fault], at)


def _before_batch(fault: Callable[[], object], at: int) -> None:
    from ipllvm.engine.store.outcomes import OutcomeView

    update, left = OutcomeView.update, [at]

    def updated(self: OutcomeView, *batch: Any, **more: Any) -> None:
        left[0] -= 1
        if not left[0]:
            fault()
        update(self, *batch, **more)

    type.__setattr__(OutcomeView, "update", updated)
