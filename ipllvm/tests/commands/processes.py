"""The `ipllvm` command in processes of its own, as a user starts it."""

import os
import subprocess
import sys
from pathlib import Path

import ipllvm
from ipllvm.tests import forks

ROOT = Path(ipllvm.__file__).parents[1]


def environment(**variables: str) -> dict[str, str]:
    """The user's environment with this repository on the path and one thread."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "HF_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "NO_COLOR": "1", **variables}


def start(folder: Path, *arguments: str, **variables: str) -> forks.Command:
    """`ipllvm ARGUMENTS` in a folder, running, with what it needs imported beforehand."""
    return forks.Command("ipllvm", arguments, folder, environment(**variables))


def run(folder: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """`ipllvm ARGUMENTS` in a folder, nothing imported beforehand: exit status and what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "ipllvm", *arguments],
        cwd=folder,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    return done.returncode, done.stdout
