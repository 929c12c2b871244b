"""A session that is timed: what it is told, when its first outcome is there, and how one that fails ends."""

import json
import os
import sys
from pathlib import Path

import pytest

from ipllvm.engine.store.outcome_file import SUFFIX
from ipllvm.errors import NotMeasured
from ipllvm.safety.places import VARIABLE
from ipllvm.speed import sessions, verdict
from ipllvm.speed.sessions import SessionTime

WRITES = """\
import pathlib, sys
for word in sys.argv:
    if word.startswith("--report-dir="):
        place = pathlib.Path(word.partition("=")[2]) / "run"
        place.mkdir(parents=True, exist_ok=True)
        (place / "report.json").write_text('{"mark": 1}')
"""
"""A session that only writes its report."""


def pretend(monkeypatch: pytest.MonkeyPatch, folder: Path, lines: str) -> None:
    """In place of the interpreter: a script that runs these lines of Python, whatever it is told."""
    folder.mkdir(exist_ok=True)
    program, script = folder / "program.py", folder / "interpreter"
    program.write_text(lines)
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {program} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))


def test_it_is_told_the_model_the_words_and_where_its_report_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    save = f"import os, json\nopen({str(told)!r}, 'w').write(json.dumps([sys.argv[1:], dict(os.environ)]))\n"
    pretend(monkeypatch, tmp_path, WRITES + save)
    found = sessions.timed("mine", ["--samples=3", "-q"], tmp_path / "store", tmp_path / "reports")
    words, environment = json.loads(told.read_text())
    assert words == [
        "-m", "ipllvm", "check", "mine", "--samples=3", "-q", f"--report-dir={tmp_path / 'reports'}"
    ]  # fmt: skip
    assert environment[VARIABLE] == str(tmp_path / "store")
    assert environment["PYTHONDONTWRITEBYTECODE"] == "", "what is compiled is kept, as for a user"
    assert environment["PATH"] == os.environ["PATH"]
    assert found.first is None and found.seconds > 0 and found.cpu > 0


@pytest.mark.parametrize("before", [False, True], ids=["an empty store", "a store with an older outcome"])
def test_the_first_outcome_is_one_that_was_not_there_before(
    before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    (store / "deep").mkdir(parents=True)
    if before:
        (store / f"old{SUFFIX}").touch()
    wait = f"import time\npathlib.Path({str(store / 'deep' / f'new{SUFFIX}')!r}).touch()\ntime.sleep(0.3)\n"
    pretend(monkeypatch, tmp_path, WRITES + wait)
    found = sessions.timed("mine", [], store, tmp_path / "reports")
    assert found.first is not None and 0 < found.first < found.seconds


def test_outcomes_of_before_are_no_first_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / f"old{SUFFIX}").touch()
    pretend(monkeypatch, tmp_path, WRITES + "import time\ntime.sleep(0.1)\n")
    assert sessions.timed("mine", [], tmp_path / "store", tmp_path / "reports").first is None


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("print('one'); print('the reason'); print()", "the reason"),
        ("import sys; print('of errors too', file=sys.stderr)", "of errors too"),
        ("import sys; sys.stdout.buffer.write(b'\\xff broken')", "\ufffd broken"),
        ("", "silently"),
    ],
)
def test_without_a_report_the_last_line_is_the_reason(
    lines: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, tmp_path, lines)
    with pytest.raises(NotMeasured) as error:
        sessions.timed("mine", [], tmp_path / "store", tmp_path / "reports")
    assert str(error.value) == f"ipllvm check mine ended without a report: {told}"


def test_the_report_of_the_session_before_is_not_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sessions share a folder: the second that fails would have been timed as if it had been done."""
    old = tmp_path / "reports" / "earlier"
    old.mkdir(parents=True)
    (old / "report.json").write_text("{}")
    pretend(monkeypatch, tmp_path, "print('out of memory')")
    with pytest.raises(NotMeasured, match="ipllvm check mine ended without a report: out of memory"):
        sessions.timed("mine", [], tmp_path / "store", tmp_path / "reports")


def test_the_last_report_is_the_newest_by_its_folder(tmp_path: Path) -> None:
    for name in ("20260102-000000", "20260101-235959"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text(json.dumps({"name": name}))
    assert sessions.last_report(tmp_path) == {"name": "20260102-000000"}


def test_a_folder_without_a_report_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured) as error:
        sessions.last_report(tmp_path)
    assert str(error.value) == "a session of the properties ended without a report"


def test_a_fixed_session_without_a_report_is_told_in_the_same_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where its model can not be loaded: it had been "max() iterable argument is empty"."""
    report: dict[str, list[object]] = {"models": [], "benchmarks": [], "results": []}

    def timed(model: str, words: object, store: Path, reports: Path) -> SessionTime:
        (reports / "run").mkdir(parents=True, exist_ok=True)
        (reports / "run" / "report.json").write_text(json.dumps(report))
        return SessionTime(None, 1.0, 1.0)

    monkeypatch.setattr(verdict, "timed", timed)
    with pytest.raises(NotMeasured, match="a session of the properties ended without a report"):
        verdict.measured("mine", [], ["--sequential"], lambda words, folder: None)
