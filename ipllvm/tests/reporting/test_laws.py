"""Laws in a real session: what holds and what is broken reaches the report, with and without rows."""

from pathlib import Path

import pytest

from ipllvm.reporting.schema import validate
from ipllvm.tests.plugin.sessions import Session, sessions, suite

SUITE = """
import pytest
from ipllvm.errors import ClaimViolated


@pytest.fixture
def ready(model_name):
    assert model_name == "", "not ready"


@pytest.mark.law
def test_one(model_name):
    assert model_name


@pytest.mark.law
def test_two(model_name):
    assert model_name


@pytest.mark.law
def test_wrong(model_name):
    raise ClaimViolated("law broken: 1 swap changes an answer")


@pytest.mark.law
def test_unready(ready):
    assert True


@pytest.mark.requirement
def test_careless(model_name):
    assert 1 == 2
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Session]:
    chosen = {"hold": "one or two", "broken": "two or wrong", "failed": "unready or careless"}
    folders = [suite(tmp_path_factory.mktemp(name)) for name in chosen]
    for folder in folders:
        (folder / "test_suite.py").write_text(SUITE, encoding="utf-8")
    found = [
        sessions(folder, ["-q", "-pno:cacheprovider", "-k", names])[0]
        for folder, names in zip(folders, chosen.values(), strict=True)
    ]
    return dict(zip(chosen, found, strict=True))


def comment(session: Session) -> str:
    (path,) = Path(session.folder).glob("reports/*/report.md")
    return path.read_text(encoding="utf-8")


def test_laws_alone_make_a_report(done: dict[str, Session]) -> None:
    report = done["hold"].report()
    validate(report)
    assert done["hold"].status == 0
    assert [law["property"] for law in report["passed_laws"]] == ["one", "two"]
    assert (report["results"], report["failed"], report["models"]) == ([], [], [])
    assert "2 laws hold" in done["hold"].lines
    assert comment(done["hold"]).startswith("**2 laws hold**\n")


def test_a_broken_law_is_in_the_report_with_its_reason_and_command(done: dict[str, Session]) -> None:
    report = done["broken"].report()
    validate(report)
    assert done["broken"].status == report["run"]["exit_status"] == 1
    (law,) = report["failed"]
    replay = law.pop("replay")
    assert 0 <= law.pop("seconds") < report["run"]["seconds"]
    assert replay.startswith("pytest 'test_suite.py::test_wrong[llava-tiny]' --model=llava-tiny ")
    assert law == {
        "test": "test_suite.py::test_wrong[llava-tiny]",
        "property": "wrong",
        "model": "llava-tiny",
        "benchmark": "",
        "law": True,
        "reason": "law broken: 1 swap changes an answer",
    }
    assert [law["property"] for law in report["passed_laws"]] == ["two"]
    assert f"  run it again: {replay}" in done["broken"].lines
    assert "1 law broken; 1 law holds" in done["broken"].lines
    assert comment(done["broken"]).startswith("**1 law broken**; 1 law holds\n\n### Failed\n")


def test_what_fails_otherwise_is_no_broken_law(done: dict[str, Session]) -> None:
    report = done["failed"].report()
    assert {row["property"]: (row["law"], row["reason"]) for row in report["failed"]} == {
        "unready": (False, "AssertionError: not ready"),
        "careless": (False, "assert 1 == 2"),
    }
    assert (done["failed"].status, report["passed_laws"]) == (1, [])
    assert comment(done["failed"]).startswith("**2 tests failed**\n")
