"""The wheel, installed into an empty environment outside the repository: the properties run from anywhere."""

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

from ipllvm.tests.commands.processes import ROOT, environment
from ipllvm.tests.plugin.test_outside import repository

pytest.importorskip("hatchling", reason="the wheel is built with hatchling: pip install -e '.[dev]'")
pytestmark = pytest.mark.slow
FOREIGN = '[tool.pytest.ini_options]\naddopts = "--no-such-option"\n'
RAISES = 'raise RuntimeError("this file belongs to the user")\n'


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with the wheel, and what ran in it."""

    packages: Path
    folder: Path
    before: frozenset[str]
    status: int = -1
    output: str = ""

    def run(self, *arguments: str) -> tuple[int, str]:
        """`ipllvm ARGUMENTS` of the wheel in the user's folder."""
        variables = environment(PYTHONDONTWRITEBYTECODE="1", COLUMNS="100", HF_HUB_OFFLINE="1")
        del variables["PYTHONPATH"]
        done = subprocess.run(
            [str(self.packages.parents[2] / "bin" / "ipllvm"), *arguments],
            cwd=self.folder,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        return done.returncode, done.stdout


def files(folder: Path) -> frozenset[str]:
    """Every file below a folder."""
    return frozenset(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def pip(python: Path, *arguments: str) -> None:
    """pip for another environment, without network."""
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index"]
    subprocess.run([*command, "--no-deps", "--no-compile", *arguments], check=True, timeout=200)


@pytest.fixture(scope="module")
def environment_with_wheel(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in an environment that can't be written to, without easy-vqa and without this repository.

    What the wheel needs is lent by this environment through a .pth file, which does not follow the
    .pth files there: an editable installation of this repository stays unseen.
    """
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=200)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "env")], check=True)
    python = folder / "env" / "bin" / "python"
    (wheel,) = folder.glob("*.whl")
    pip(python, str(wheel))
    (packages,) = (folder / "env" / "lib").glob("python*/site-packages")
    lent = "\n".join(dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]))
    (packages / "lent.pth").write_text(f"{lent}\nimport sys; sys.modules['easy_vqa'] = None\n")
    user = folder / "user"
    user.mkdir()
    for name, text in (("pyproject.toml", FOREIGN), ("conftest.py", RAISES), ("fixtures.py", RAISES)):
        (user / name).write_text(text)
    (user / "properties").mkdir()
    (user / "properties" / "test_mine.py").write_text(RAISES)
    for path in [packages, *packages.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    return Installed(packages, user, files(packages))


@pytest.fixture(scope="module")
def checked(environment_with_wheel: Installed) -> Installed:
    """`ipllvm check` in a folder that has a pytest configuration and files of its own."""
    named = "permutation_invariance or permutation_identity"
    chosen = ("-k", named, "--samples=20", "--draws=1", "--report-only")
    found = environment_with_wheel
    status, output = found.run("check", "llava-tiny", *chosen)
    return Installed(found.packages, found.folder, found.before, status, output)


def test_the_wheels_own_properties_are_run(checked: Installed) -> None:
    assert checked.status == 0, checked.output
    assert str(checked.packages) not in checked.output, "paths of the installation are nobody's own"
    assert "4 selected" in checked.output
    assert str(ROOT) not in checked.output


def test_the_report_is_written_where_the_user_is(checked: Installed) -> None:
    (path,) = checked.folder.glob("reports/*/report.json")
    report = json.loads(path.read_text(encoding="utf-8"))
    assert {row["benchmark"] for row in report["results"]} == {"scenes", "charts"}
    assert [law["property"] for law in report["passed_laws"]] == ["permutation_identity"]
    replay = report["results"][0]["replay"]
    assert replay.startswith("ipllvm check llava-tiny --property permutation_invariance --benchmark ")
    assert str(checked.packages) not in replay and " --samples=20 --draws=1" in replay


def test_a_benchmark_that_is_not_here_is_told_in_one_line(checked: Installed) -> None:
    line = "benchmark 'easyvqa' needs the package easy-vqa: pip install easy-vqa"
    assert line in " ".join(checked.output.split())
    assert "1 skipped" in checked.output


def test_nothing_is_written_into_the_installation(checked: Installed) -> None:
    assert files(checked.packages) == checked.before


def test_nothing_is_written_beside_the_reports(checked: Installed) -> None:
    mine = {"conftest.py", "fixtures.py", "properties", "pyproject.toml", "reports"}
    assert set(os.listdir(checked.folder)) <= mine  # noqa: PTH208
    assert (checked.folder / "reports" / ".pytest_cache").is_dir()


def test_lists_and_doctor_know_the_wheel(checked: Installed) -> None:
    status, printed = checked.run("properties")
    assert status == 0
    assert printed.startswith("classification_retention "), "requirements first"
    status, printed = checked.run("models")
    assert ("llava-tiny", "embedded") in {tuple(line.split()[:2]) for line in printed.splitlines()}
    status, printed = checked.run("doctor")
    assert status == 0, printed
    assert f"{checked.packages}/ipllvm/_suite/properties" in printed
    assert "pip install easy-vqa" in printed
    assert str(ROOT) not in printed


def test_the_plugin_serves_a_repository_of_ones_own(checked: Installed) -> None:
    folder = repository(checked.folder.parent / "own")
    variables = environment(PYTHONDONTWRITEBYTECODE="1", COLUMNS="200", HF_HUB_OFFLINE="1")
    variables["PYTHONPATH"] = str(folder)
    python = checked.packages.parents[2] / "bin" / "python"
    asked = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest", "--model=llava-tiny"]
    done = subprocess.run(
        [str(python), "-m", "pytest", *asked, "--claims=our_claims.toml"],
        cwd=folder, env=variables, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "our_mirror" in done.stdout and str(ROOT) not in done.stdout
    (path,) = folder.glob("reports/*/report.json")
    assert [row["property"] for row in json.loads(path.read_text())["results"]] == ["our_mirror"]
