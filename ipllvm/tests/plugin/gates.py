"""What the tests of gates have in common: the last report of a folder, and how JUnit cases ended."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ipllvm.tests.plugin.sessions import Session, sessions


def batch(folder: Path, asked: Mapping[str, Sequence[str]]) -> dict[str, Session]:
    """Sessions in one process, each with a report folder and a JUnit file of its own, by name."""
    own = {name: [f"--report-dir={name}", f"--junitxml={name}/junit.xml"] for name in asked}
    done = sessions(folder, *([*asked[name], *own[name]] for name in asked))
    return {name: replace(each, folder=folder / name) for name, each in zip(asked, done, strict=True)}


def last(done: Session, name: str = "report.md") -> Path:
    """A view of the last report in the folder."""
    made = (file.with_name(name) for file in done.folder.glob("**/report.json"))
    return max(made, key=lambda found: found.stat().st_mtime_ns)


def report(done: Session) -> dict[str, Any]:
    """The last report in the folder."""
    found: dict[str, Any] = json.loads(last(done, "report.json").read_text())
    return found


def claims(done: Session) -> dict[str, str]:
    """The verdicts of the last report in the folder, by property and claim."""
    return {
        f"{row['property']} {row['claim']['name']}": row["verdict"]["decision"]
        for row in report(done)["results"]
    }


def lost(done: Session) -> dict[str, str]:
    """What the last report could not tell, by test."""
    return {row["test"].rpartition("::")[2]: row["reason"] for row in report(done)["not_measured"]}


def endings(path: Path) -> dict[str, str]:
    """How each case of a JUnit file ended, by its place and name."""
    tags = ("failure", "error", "skipped")
    return {
        f"{case.attrib['classname']}::{case.attrib['name']}": next(
            (child.tag for child in case if child.tag in tags), "passed"
        )
        for case in ElementTree.parse(path).iter("testcase")
    }


def agree(done: Session) -> dict[str, str]:
    """How the tests of properties ended, by both JUnit files, which must be the same."""
    own, pytests = endings(last(done, "junit.xml")), endings(done.folder / "junit.xml")
    assert own == {name: pytests[name] for name in own}
    assert {name for name in pytests if "[" in name} == own.keys()
    (suite,) = ElementTree.parse(last(done, "junit.xml")).iter("testsuite")
    counts = [sum(end == tag for end in own.values()) for tag in ("failure", "error", "skipped")]
    assert [suite.attrib[name] for name in ("failures", "errors", "skipped")] == list(map(str, counts))
    return own
