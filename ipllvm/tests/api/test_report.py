"""What a report gives to pandas and to a notebook."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from ipllvm.api.report import Report
from ipllvm.errors import ClaimViolated, NotMeasured
from ipllvm.records import Decision
from ipllvm.reporting.answer import answer_of
from ipllvm.reporting.first_screen import first_screen
from ipllvm.reporting.sections import sections
from ipllvm.reporting.wording import interval_note
from ipllvm.tests.reporting import reports


class _Cells(HTMLParser):
    """The rows of a table, each as the texts of its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        self.inside |= tag == "table"
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside &= tag != "table"

    def handle_data(self, data: str) -> None:
        if self.inside and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def test_pandas_has_a_row_a_result_with_its_interval() -> None:
    report = Report(reports.mixed())
    table = report.to_pandas()
    assert len(table) == len(report) > 1
    for (_, row), result in zip(table.iterrows(), report, strict=True):
        target = result.estimates[result.claim.quantity]
        assert (row["property"], row["benchmark"]) == (result.property, result.benchmark.name)
        assert (row["standing"], row["margin"]) == (str(report.standing(result)), result.claim.margin)
        assert (row["low"], row["high"]) == (target.low, target.high)


def test_samples_that_failed_are_not_measured_and_not_fine() -> None:
    report = Report(reports.report(reports.unmeasured(), run=replace(reports.RUN, exit_status=7)))
    assert not report.ok and report.answer == "Not answered yet"
    assert [each.reason for each in report.missing] == ["could not be measured: 1 of 300 samples failed"]
    with pytest.raises(NotMeasured, match="dim on easyvqa: could not be measured: 1 of 300 samples failed"):
        report.raise_for_violation()
    assert answer_of(reports.report(reports.unmeasured("observation"))).release[1] == "Not answered yet"


def test_an_answer_that_was_not_read_is_no_failure() -> None:
    found = reports.result()
    drop = replace(found.estimates["performance_drop"], n=298, n_error=2)
    made = reports.report(replace(found, estimates={**found.estimates, "performance_drop": drop}))
    assert Report(made).ok and answer_of(made).release[1] == "Nothing measured stands in the way"


def test_what_is_worse_fails_where_it_is_to() -> None:
    data = reports.report(
        replace(reports.result(), claim=replace(reports.CLAIM, name="regression:permutation"))
    )
    data["results"][0]["standing"] = {**data["results"][0]["standing"], "decision": "WORSE"}
    for fail_on, fails in (("violated", False), ("worse", True)):
        data["run"]["options"] = {"baseline": "release-1", "fail_on": fail_on}
        report = Report(data)
        assert report.ok is not fails and report.answer == ("No" if fails else "Worse than the baseline")
        if fails:
            with pytest.raises(ClaimViolated, match="regression:permutation"):
                report.raise_for_violation()


def test_what_is_worse_by_no_more_than_the_margin_fails_there_too() -> None:
    """As the exit status has it: such a row HOLDS, and its run ends with 1."""
    data = reports.report(
        replace(reports.result(), claim=replace(reports.CLAIM, name="regression:permutation"))
    )
    data["results"][0]["standing"] = {**data["results"][0]["standing"], "p_worse": 0.001}
    for fail_on, fails in (("violated", False), ("worse", True)):
        data["run"]["options"] = {"baseline": "release-1", "fail_on": fail_on}
        assert Report(data).ok is not fails and (answer_of(data).release[1] == "No") is fails
        assert len(first_screen(data, sections(data)).compared) == fails
        said = answer_of(data).headline[0]
        assert said.startswith("1 of 1 requirement worse" if fails else "1 of 1 requirement holds")


def test_findings_fail_where_they_are_to() -> None:
    finding = reports.result(Decision.VIOLATED, kind="observation")
    for strict in (False, True):
        data = reports.report(finding)
        data["run"]["options"]["strict_observations"] = strict
        assert Report(data).ok is not strict and len(Report(data).violated) == strict
        assert (answer_of(data).release[1] == "No") is strict


def test_a_table_counts_the_samples_that_were_measured() -> None:
    """Not those that were planned: a sequential run ends when its claim is decided."""
    found = reports.result()
    fewer = {name: replace(each, n=64) for name, each in found.estimates.items()}
    table = Report(reports.report(replace(found, estimates=fewer))).to_pandas()
    assert list(table["n"]) == [64]


def test_a_notebook_shows_every_result_and_no_script() -> None:
    report = Report(reports.mixed())
    cells = _Cells()
    cells.feed(report._repr_html_())
    assert {"script", "style", "img", "a"}.isdisjoint(cells.tags)
    (heads, *rows) = cells.rows
    assert interval_note(report.data["results"]) in heads
    assert [row[0] for row in rows] == [result.property for result in report]
    assert [row[-1] for row in rows] == [str(report.standing(result)) for result in report]
    assert len({len(row) for row in cells.rows}) == 1, "the head has as many cells as each row"


def test_what_a_file_holds_is_text_in_a_notebook() -> None:
    data = reports.mixed()
    data["models"][0]["name"] = "<script>alert(1)</script>"
    data["results"][0]["property"] = "<img src=x onerror=1>"
    shown = Report(data)._repr_html_()
    assert "<script" not in shown and "<img" not in shown
