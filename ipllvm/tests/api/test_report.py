"""What a report gives to pandas and to a notebook."""

from html.parser import HTMLParser

from ipllvm.api.report import Report
from ipllvm.reporting.view import interval_note
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
