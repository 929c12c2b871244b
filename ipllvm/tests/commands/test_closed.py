"""Closed and full streams: what is printed is dropped, the exit status is the run's own."""

import subprocess
import sys
from pathlib import Path

import pytest

import ipllvm
from ipllvm.tests.commands.processes import environment

ROOT = Path(ipllvm.__file__).parents[1]
CHECK = "check planted:invariant -k test_clean_score --benchmark=planted --samples=8 -q"


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full"])
@pytest.mark.parametrize(("model", "status"), [("planted:invariant", 0), ("planted:no-such", 4)])
def test_a_run_has_its_own_status_whoever_listens(
    streams: str, model: str, status: int, tmp_path: Path
) -> None:
    words = CHECK.replace("planted:invariant", model)
    line = f"{sys.executable} -m ipllvm {words} {streams}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=environment(IPLLVM_STORE=""), check=False, timeout=120
    )
    assert done.returncode == status
    assert bool([*tmp_path.glob("reports/*/report.json")]) == (status == 0)


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("streams", [">&-", "2>&-", "<&- >&- 2>&-", ">&- -s", ">&- -n1"])
def test_so_has_one_of_pytest_itself(streams: str, tmp_path: Path) -> None:
    """Where pytest alone ends in a traceback of its own, status 1 after all was measured."""
    suite = (
        "-p ipllvm.plugin properties -k image_use --model=planted:invariant --benchmark=planted --samples=8"
    )
    line = f"{sys.executable} -m pytest {suite} --report-dir={tmp_path} -p no:cacheprovider {streams}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=ROOT, env=environment(IPLLVM_STORE=""), check=False, timeout=200
    )
    assert done.returncode == 0
    assert [*tmp_path.glob("*/report.json")]


@pytest.mark.slow
@pytest.mark.process
def test_workers_take_no_module_of_the_folder_for_one_of_pythons(tmp_path: Path) -> None:
    """They start there; whose folder it is, nobody knows."""
    for name in ("random", "execnet", "torch", "conftest", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("open('ran', 'w')\nraise SystemExit('shadowed')\n")
    command = [sys.executable, "-P", "-m", "ipllvm", *CHECK.split(), "-n1"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(IPLLVM_STORE=""), check=False, timeout=200, capture_output=True
    )
    assert done.returncode == 0, done.stdout
    assert not (tmp_path / "ran").exists()
