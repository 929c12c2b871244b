"""pytest sessions in processes of their own, as a user starts them."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipllvm
from ipllvm.tests import forks

ROOT = Path(ipllvm.__file__).parents[1]
HERE = Path(__file__).parent
CONFTEST = """
pytest_plugins = ["ipllvm.plugin"]
"""
IMPORTED = "-Wignore:Module already imported"
"""As those of a fork are."""


@dataclass(frozen=True, slots=True)
class Session:
    """How a session ended; `folder` is where it ran."""

    status: int
    output: str
    seconds: float
    folder: Path

    @property
    def lines(self) -> list[str]:
        """What was printed, line by line."""
        return [line.rstrip() for line in self.output.splitlines()]

    def report(self) -> dict[str, Any]:
        """The one report that was written."""
        (path,) = self.folder.glob("reports/*/report.json")
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found


def environment(folder: Path) -> dict[str, str]:
    """The user's environment with this repository and `folder` on the path, one thread, wide lines."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    path = os.pathsep.join([str(ROOT), str(folder)])
    return {**kept, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "COLUMNS": "200", "NO_COLOR": "1"}


def command(*arguments: str) -> list[str]:
    """`pytest ARGUMENTS` without plugins that these tests do not need."""
    return [sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", *arguments]


def session(folder: Path, *arguments: str, drawn: bool = False, **variables: str) -> Session:
    """Run `pytest ARGUMENTS` in `folder` and wait for its end; `variables` go into the environment.

    Its page has drawings only if it is `drawn`.
    """
    began = time.monotonic()
    asked = [IMPORTED, *command(*arguments)[3:]]
    started = forks.Command("pytest", asked, folder, environment(folder) | variables, drawn=drawn)
    status, output = started.end()
    return Session(status, output, time.monotonic() - began, folder)


def fresh(folder: Path, *arguments: str, **variables: str) -> Session:
    """As `session`, but nothing is imported beforehand: slower, and sees what is imported when."""
    began = time.monotonic()
    done = subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(folder) | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return Session(done.returncode, done.stdout, time.monotonic() - began, folder)


def sessions(folder: Path, *lists: list[str]) -> list[Session]:
    """Several short sessions, one after another in one process: quick, for those that load nothing."""
    asked = json.dumps([[IMPORTED, *command(*arguments)[3:]] for arguments in lists])
    started = forks.Command("ipllvm.tests.plugin.many", [asked], folder, environment(folder))
    status, output = started.end()
    assert status == 0, output
    return [Session(status, printed, 0.0, folder) for status, printed in json.loads(output.splitlines()[-1])]


def properties(*arguments: str) -> list[str]:
    """Arguments that run this repository's own properties from any folder."""
    return [
        f"--rootdir={ROOT}",
        f"--config-file={ROOT / 'pyproject.toml'}",
        str(ROOT / "properties"),
        "-pno:cacheprovider",
        *arguments,
    ]


def suite(folder: Path, *modules: str) -> Path:
    """A folder with the plugin loaded and some modules of this one in it: test ones and helpers.

    A module named `suite_X` is copied as `test_X.py`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for module in modules:
        name = module.replace("suite_", "test_", 1)
        shutil.copy(HERE / f"{module}.py", folder / f"{name}.py")
    return folder
