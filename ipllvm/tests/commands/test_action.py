"""The gate's action and the workflow that tries it, run step by step as GitHub would run them."""

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml  # type: ignore[import-untyped]

from ipllvm.reporting.ci import MARK
from ipllvm.tests.commands.jobs import Job
from ipllvm.tests.commands.processes import ROOT, start

ACTION: Final = "./.github/actions/gate"
OUTPUTS: Final = ("verdict", "delta", "p", "samples-needed")
WORKFLOWS: Final = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GH: Final = """#!/bin/sh
# What GitHub's client is asked; to the question which comments there are it says what the test put down.
echo "$@" >> asked.txt
case "$*" in *--paginate*) cat old.txt 2> /dev/null;; esac
exit 0
"""


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A folder in which the workflow has measured what it compares; `ipllvm` and `gh` are on the path."""
    made = Job(tmp_path_factory.mktemp("job"), {"github.token": "t", "github.event.pull_request.number": "7"})
    made.variables |= {"GITHUB_REPOSITORY": "org/name", "GITHUB_SERVER_URL": "https://git.example"}
    made.variables |= {"GITHUB_RUN_ID": "41", "IPLLVM_STORE": str(made.folder / "store")}
    (made.folder / "bin").mkdir()
    for name, text in (("ipllvm", f'#!/bin/sh\nexec {sys.executable} -m ipllvm "$@"\n'), ("gh", GH)):
        (made.folder / "bin" / name).write_text(text)
        (made.folder / "bin" / name).chmod(0o755)
    measure = tried()["env"]["MEASURE"]
    lines = [shlex.split(step.get("run", "").replace("$MEASURE", measure)) for step in steps()]
    checks = [words[1:] for words in lines if words[:2] == ["ipllvm", "check"]]
    for started in [start(made.folder, *words, **made.variables) for words in checks]:
        status, printed = started.end()
        assert status == 0, printed
    return made


def tried() -> Any:
    """The workflow that tries the action."""
    return yaml.safe_load((ROOT / ".github" / "workflows" / "gate-action.yml").read_text(encoding="utf-8"))


def steps() -> Iterator[Any]:
    """Its steps."""
    yield from tried()["jobs"]["try"]["steps"]


@pytest.mark.slow
@pytest.mark.process
def test_the_workflow_that_tries_the_action_passes(job: Job) -> None:
    """A model that is as it was passes; one that broke fails, with what later steps use and people read."""
    for step in steps():
        if step.get("uses") == ACTION:
            failed = job.action(ACTION, step["with"], step.get("id", ""))
            assert bool(failed) == bool(step.get("continue-on-error")), job.printed
        elif step.get("run", "").startswith("test "):
            assert job.run(step) == 0
    verdict, delta, p, needed = (job.values[f"steps.broken.outputs.{name}"] for name in OUTPUTS)
    assert verdict == "fail" and float(delta) > 50 and float(p) < 0.001
    assert needed == "", "it is decided"
    assert "::error title=ipllvm::VIOLATED permutation_invariance" in job.printed
    good, bad = job.summary.read_text().split(MARK)[1:]
    assert "gate passes: same against released" in good and "gate fails: worse than before" in bad


@pytest.mark.slow
@pytest.mark.process
def test_its_comment_is_written_once_and_replaces_itself(job: Job) -> None:
    given = {"baseline": "released", "candidate": "broken", "margin": "5", "comment": "true"}
    asked = job.folder / "asked.txt"
    listing = "api repos/org/name/issues/7/comments"
    replacing = "api --method PATCH repos/org/name/issues/comments/41 -F"
    for old, change in (("", f"{listing} -F"), ("41\n", replacing)):
        (job.folder / "old.txt").write_text(old)
        asked.unlink(missing_ok=True)
        assert job.action(ACTION, given) == 1
        listed, changed = asked.read_text().splitlines()
        assert listed.startswith(f"{listing} --paginate") and changed.startswith(change)
        page = Path(changed.partition("body=@")[2]).read_text()
        assert page.startswith(MARK) and "| 5 |" in page and page.count("\n- ") == 3
        assert "(https://git.example/org/name/actions/runs/41)" in page
    asked.unlink()
    assert job.action(ACTION, given | {"baseline": "nothing-of-this-name"}) == 4
    assert "no such baseline" in job.printed
    assert not asked.exists(), "a comment that an earlier gate of the job had written was sent"


def test_the_lines_for_gitlab_are_a_job() -> None:
    """Parsed as GitLab does; the command is one that there is (the test of all pages asks its parser)."""
    text = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8").partition("In GitLab:\n\n")[2]
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    found = yaml.safe_load("\n".join(lines))
    assert list(found) == ["gate"] and len(lines) <= 10
    install, gate = found["gate"]["script"]
    assert install == "pip install ipllvm" and gate.startswith("ipllvm gate ")
    page = shlex.split(gate)[shlex.split(gate).index("--markdown") + 1]
    assert found["gate"]["artifacts"] == {"when": "always", "paths": [page]}


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: str(file.stem))
def test_every_workflow_names_folders_and_actions_that_there_are(file: Path) -> None:
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    for each in found["jobs"].values():
        used = [step["uses"] for step in each.get("steps", ()) if "uses" in step]
        local = [name for name in used if name.startswith("./")]
        assert all((ROOT / name / "action.yml").is_file() for name in local)
        assert all("@" in name for name in used if name not in local)
