"""Warnings are errors in the project's own tests, not in a user's run of the properties; tests have tiers."""

import gc
import os
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from ipllvm.safety import places
from ipllvm.safety.collecting import uncollected

for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_ACTIONS"):
    os.environ.pop(name, None)  # the project's own CI is not told of the runs that its tests make
os.environ[places.VARIABLE] = ""  # beside the reports: no test may find what another has measured

HERE = Path(__file__).parent
collect_ignore = ["preloaded.py", "mutants/preloaded.py"]
"""What forks begin with: there is no doctest in it, and it does more than to be imported."""
SESSIONS = [HERE / name for name in ("commands", "hostile", "plugin")]
"""Where nearly every test starts a session or an interpreter of its own."""
OUTGROWN = [
    f"default::{kind}" for kind in ("DeprecationWarning", "FutureWarning", "PendingDeprecationWarning")
]
"""What another transformers than the pinned one still does is no error of this project's."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is imported and collected stays: no look for cycles walks it, then or later."""
    _examples()
    with uncollected():
        result = yield
    gc.freeze()
    return result


def _examples() -> None:
    """Examples are the same each time: a commit passes or fails for good. `make explore` draws new ones.

    A machine that does other things too is slow; that says nothing of a strategy. Not for --help.
    """
    try:
        from hypothesis import HealthCheck, settings
    except ImportError:  # on a bare machine, for make gpu-check
        return
    patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("same", patient, derandomize=True, database=None)
    settings.register_profile("explore", patient, max_examples=1000, print_blob=True)
    settings.load_profile("explore" if os.environ.get("HYPOTHESIS_EXPLORE") else "same")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m slow`, read no module that marks nothing so: reading all takes longer than a slow test."""
    unmarked = config.option.markexpr == "slow" and collection_path.name.startswith("test_")
    return True if unmarked and "slow" not in collection_path.read_text(encoding="utf-8") else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests below this folder."""
    strict = pytest.mark.filterwarnings("error", *([] if _pinned("transformers") else OUTGROWN))
    for item in items:
        here, in_process = _tiers(item.path)
        if here:
            item.add_marker(strict, append=False)
        if in_process:
            item.add_marker(pytest.mark.process)


@cache
def _tiers(path: Path) -> tuple[bool, bool]:
    """Whether a file lies below this folder, and whether below one of `SESSIONS`."""
    return path.is_relative_to(HERE), any(path.is_relative_to(folder) for folder in SESSIONS)


def _pinned(package: str) -> bool:
    """Whether that package is of the version in constraints.txt."""
    pins = (HERE.parents[1] / "constraints.txt").read_text(encoding="utf-8").splitlines()
    try:
        return f"{package}=={version(package)}" in pins
    except PackageNotFoundError:
        return False
