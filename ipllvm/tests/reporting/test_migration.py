"""Reports of older versions open; those of later ones are refused in one line."""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from ipllvm import cli
from ipllvm.errors import UsageError
from ipllvm.reporting import html, junit, markdown, migration, schema, terminal
from ipllvm.tests.reporting import reports
from ipllvm.tests.reporting.golden import FOLDER

FIRST = FOLDER / "first.json"
"""A report as the first version of ipllvm wrote it: never to be changed. A field that is new since then
needs a `default` in the schema."""


def first() -> dict[str, Any]:
    """The oldest report, read anew."""
    found: dict[str, Any] = json.loads(FIRST.read_text(encoding="utf-8"))
    return found


def test_the_oldest_report_opens_in_every_view() -> None:
    made = migration.read(FIRST)
    assert made["results"][0]["series"] == made["failed"] == []
    assert made["results"][0]["claim"]["regression_margin"] is None
    for render in (html.render, junit.render, markdown.render):
        assert "permutation_invariance" in render(made)
    assert any("permutation_invariance" in line for line in terminal.summary(made, 140))
    assert len([schema.result(row) for row in schema.rows(made)]) == len(made["results"])


def test_the_command_makes_its_views(tmp_path: Path) -> None:
    old = tmp_path / "report.json"
    old.write_bytes(FIRST.read_bytes())
    assert cli.main(["report", str(old)]) == 0
    assert (tmp_path / "report.html").exists()
    assert old.read_bytes() == FIRST.read_bytes()


def test_a_report_of_this_version_stays_as_it_is() -> None:
    made = reports.mixed()
    assert migration.current(made) == made


def test_reading_changes_nothing_in_place() -> None:
    old = first()
    kept = deepcopy(old)
    migration.current(old)
    assert old == kept


def test_fields_of_a_later_report_of_the_version_are_kept() -> None:
    made = reports.mixed()
    made["results"][0]["later"] = made["run"]["later"] = 1
    assert migration.current(made) == made


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            '{"schema": "ipllvm-report/2"}',
            "written by a later ipllvm; this one reads ipllvm-report/1: update",
        ),
        ('{"schema": "junit"}', "not an ipllvm-report/1: "),
        ("[]", "not an ipllvm-report/1: top level: [] is not of type 'object'"),
        ("{", "not JSON: "),
        ("\ud800", "not JSON: "),
    ],
)
def test_what_is_no_report_is_told_in_one_line(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "report.json"
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(UsageError, match=re.escape(fault)) as caught:
        migration.read(file)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)


def test_a_fault_of_an_old_report_is_no_missing_field() -> None:
    old = first()
    old["results"][0]["verdict"]["decision"] = "MAYBE"
    with pytest.raises(UsageError, match="results/0/verdict/decision: 'MAYBE'"):
        migration.current(old)
