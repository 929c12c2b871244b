"""Values that can't be used: one line, the closest name, exit status 4, and nothing collected."""

from pathlib import Path

import pytest

from ipllvm.tests.plugin.sessions import Session, session, sessions, suite

WHOLE = "give a whole number of at least"
REFUSED = {
    "--benchmark=scene": "unknown benchmark 'scene': did you mean 'scenes'?",
    "--samples=0": f"--samples 0: {WHOLE} 1",
    "--samples=-1": f"--samples -1: {WHOLE} 1",
    "--samples=abc": f"--samples abc: {WHOLE} 1",
    "--draws=0": f"--draws 0: {WHOLE} 1",
    "--seed=-1": f"--seed -1: {WHOLE} 0",
    "--batch-size=0": f"--batch-size 0: {WHOLE} 1",
    "--device=gpu": "unknown --device 'gpu': did you mean 'cpu'?",
    "--device=cpu:1": "unknown --device 'cpu:1': did you mean 'cpu'?",
    "--dtype=float": "unknown --dtype 'float': did you mean 'float32'?",
    "--prompt=x": "unknown --prompt 'x': Known: checkpoint, original",
    "--undecided=maybe": "unknown --undecided 'maybe': Known: fail, pass",
    "--claims=none.toml": "none.toml: can't read the claims",
    "--claims=bad.toml": "bad.toml: not a TOML file in UTF-8",
    "--claims=odd.toml": "odd.toml: claim 'permutation': unknown key 'margn': did you mean 'margin'?",
    "--model=llava-tny": "unknown model 'llava-tny': did you mean 'llava-tiny'?",
    "--model=./absent": "no such model folder: ./absent",
    "--report-dir=file": "--report-dir file: ",
    "--report-dir=file/below": "--report-dir file/below: ",
    "--ipllvm-draws=x": f"--draws x: {WHOLE} 1",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = suite(tmp_path_factory.mktemp("bad"), "suite_outcomes")
    (made / "file").write_text("")
    (made / "bad.toml").write_text("[permutation\n")
    (made / "odd.toml").write_text("[permutation]\nmargn = 3\n")
    return made


@pytest.fixture(scope="module")
def refusals(folder: Path) -> dict[str, Session]:
    return dict(zip(REFUSED, sessions(folder, *([argument] for argument in REFUSED)), strict=True))


@pytest.mark.parametrize("argument", REFUSED)
def test_a_bad_value_ends_in_one_line(refusals: dict[str, Session], argument: str) -> None:
    done = refusals[argument]
    (line,) = [line for line in done.lines if line]
    assert done.status == 4
    assert line.startswith(f"ERROR: {REFUSED[argument]}")


def test_a_bad_value_ends_workers_and_collection_too(folder: Path) -> None:
    for argument in ("--collect-only", "-n2"):
        done = session(folder, argument, "--draws=0")
        assert (done.status, [line for line in done.lines if line]) == (4, [f"ERROR: --draws 0: {WHOLE} 1"])


def test_several_bad_values_are_told_one_at_a_time(folder: Path) -> None:
    (done,) = sessions(folder, ["--draws=0", "--model=llava-tny"])
    assert len([line for line in done.lines if line]) == 1
