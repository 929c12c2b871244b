"""One report, many views: page, Markdown, terminal, card, JUnit, notebook and API give the same numbers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from html import unescape
from html.parser import HTMLParser
from math import inf, isfinite
from unittest.mock import patch
from xml.etree import ElementTree

import pytest

from ipllvm.api.notebook import table
from ipllvm.api.report import Report as PublicReport
from ipllvm.records import Decision, Result
from ipllvm.reporting import html, junit, markdown, model_card, terminal
from ipllvm.reporting.answer import answer_of
from ipllvm.reporting.lines import lines
from ipllvm.reporting.measures import measures
from ipllvm.reporting.schema import Report
from ipllvm.reporting.wording import WORST_FIRST, standing
from ipllvm.tests.reporting import reports
from ipllvm.verdicts.failing import NOT_MEASURED


class _Text(HTMLParser):
    """What a reader sees of a page, with blanks for elements."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.silent += tag in ("script", "style")
        self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style")
        self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        self.parts.append("" if self.silent else data)


def seen(page: str) -> str:
    """The words of a page or a fragment, on one line."""
    parser = _Text()
    parser.feed(page)
    return " ".join("".join(parser.parts).split())


def on_page(report: Report) -> str:
    """The page without its drawings, which say nothing that its words do not."""
    with patch("ipllvm.reporting.inlining.inline", return_value="<svg></svg>"):
        return seen(html.render(report))


def in_terminal(report: Report) -> str:
    return " ".join(" ".join(terminal.summary(report, 220)).split())


def in_markdown(report: Report) -> str:
    return unescape(markdown.render(report))


VIEWS: Mapping[str, Callable[[Report], str]] = {
    "page": on_page,
    "markdown": in_markdown,
    "terminal": in_terminal,
}
CARDS: Mapping[str, Callable[[Report], str]] = {
    "card": lambda report: unescape(model_card.section(report)),
    "notebook": lambda report: seen(table(PublicReport(report))),
}


def dropping(value: float | None, low: float, high: float, n: int = 300) -> Result:
    """A result that holds, with this drop of the score."""
    found = reports.result()
    drop = replace(reports.estimate("performance_drop", value, low, high), n=n)
    return replace(found, estimates={**found.estimates, "performance_drop": drop})


DROPS = {
    "nought": (0.0, -1.0, 1.0, "0.0 [-1.0, 1.0]"),
    "negative_nought": (-0.04, -0.06, -0.01, "0.0 [-0.1, 0.0]"),
    "rounded_up": (0.05, 0.049, 0.151, "0.1 [0.0, 0.2]"),
    "rounded_to_even": (1.25, 1.15, 1.35, "1.2 [1.1, 1.4]"),
    "below_nought": (-12.34, -99.96, 0.04, "-12.3 [-100.0, 0.0]"),
    "open_below": (0.4, -inf, 1.6, "0.4 [n/a, 1.6]"),
    "open": (0.4, -inf, inf, "0.4 [n/a, n/a]"),
    "without_value": (None, -inf, inf, "n/a"),
    "early_end": (0.4, -0.75, 1.62, "0.4 [-0.8, 1.6]"),
}
"""Value, bounds and what all views make of them, by the name of a property."""

LONG = 110
"""Characters of a row."""


@cache
def of_drops() -> Report:
    """A result of each drop; one was measured on 67 samples of the 300 that were planned."""
    made = []
    for name, (value, low, high, _) in DROPS.items():
        found = reports.result(name=name)
        n = 67 if name == "early_end" else 300
        drop = replace(reports.estimate("performance_drop", value, low, high), n=n)
        made.append(replace(found, estimates={**found.estimates, "performance_drop": drop}))
    return reports.report(*made)


@cache
def rows(view: str) -> dict[str, str]:
    """What a view of `of_drops` says of each property in its table, by the property's name."""
    text = {**VIEWS, **CARDS}[view](of_drops()).replace("_", " ")
    names = "|".join(name.replace("_", " ") for name in DROPS)
    found: dict[str, str] = {}
    for name, row in re.findall(rf"\b({names})(?: \| | )(easyvqa.*?)(?=\b(?:{names})\b|$)", text, re.DOTALL):
        found.setdefault(name.replace(" ", "_"), " ".join(row.replace("|", " ").split())[:LONG])
    return found


@pytest.mark.parametrize("view", [*VIEWS, *CARDS])
@pytest.mark.parametrize("name", DROPS)
def test_a_number_and_its_interval_are_written_alike(view: str, name: str) -> None:
    row = rows(view)[name]
    assert re.search(rf"(?<![\d.-]){re.escape(DROPS[name][3])}", row), row
    assert not re.search(r"nan|inf\b|None", row)


@pytest.mark.parametrize("view", [*VIEWS, *CARDS])
def test_samples_are_those_that_were_measured(view: str) -> None:
    numbers = [re.findall(r"(?<![\d.])(?:67|300)(?![\d.])", row) for row in rows(view).values()]
    assert numbers == [["67" if name == "early_end" else "300"] for name in DROPS]


def test_trackers_get_the_numbers_that_are_there() -> None:
    found = measures(of_drops(), "llava-tiny")
    for name, (value, low, high, _) in DROPS.items():
        ends = {"performance_drop": value, "low": low, "high": high}
        known = {key: each for key, each in ends.items() if each is not None and isfinite(each)}
        assert {key: found.get(f"{name}/easyvqa/{key}") for key in ends} == {**dict.fromkeys(ends), **known}


BEYOND = replace(reports.CLAIM, kind="observation", source="beyond the paper: ours")
NOT_AS_SAID = reports.result(Decision.VIOLATED, kind="observation")
STANDINGS: Mapping[str, tuple[Result, str]] = {
    "holds": (reports.result(), "HOLDS"),
    "violated": (reports.result(Decision.VIOLATED), "VIOLATED"),
    "undecided": (reports.result(Decision.UNDECIDED), "UNDECIDED"),
    "failed": (reports.unmeasured(), NOT_MEASURED),
    "as printed": (reports.result(kind="observation"), "AS IN PAPER"),
    "not as printed": (NOT_AS_SAID, "NOT AS IN PAPER"),
    "as we say": (replace(reports.result(), claim=BEYOND), "AS CLAIMED"),
    "not as we say": (replace(NOT_AS_SAID, claim=BEYOND), "NOT AS CLAIMED"),
    "open finding": (reports.result(Decision.UNDECIDED, kind="observation"), "UNDECIDED"),
    "failed finding": (reports.unmeasured("observation"), NOT_MEASURED),
    "stopped": (replace(reports.result(), partial=True), "UNDECIDED (partial)"),
}
"""A result of each kind, and the words that all views have for it."""


@pytest.mark.parametrize("kind", STANDINGS)
def test_each_standing_has_one_word_in_every_view(kind: str) -> None:
    found, word = STANDINGS[kind]
    report = reports.report(found)
    (line,) = lines(report)
    assert line.verdict == word
    assert word in in_markdown(report) and word in in_terminal(report)
    (case,) = ElementTree.fromstring(junit.render(report)).iter("testcase")
    told = {each.get("name"): each.get("value") for each in case.iter("property")}
    assert told["verdict"] == word.removesuffix(" (partial)")
    assert told["partial"] == str(word.endswith("(partial)")).lower()


def test_the_page_has_all_of_these_words_too() -> None:
    report = reports.report(*(found for found, _ in STANDINGS.values()))
    page = on_page(report)
    assert [word for _, word in STANDINGS.values() if word not in page] == []


@pytest.mark.parametrize("kind", ["requirement", "observation"])
def test_a_card_does_not_call_undecided_what_was_not_measured(kind: str) -> None:
    section = model_card.section(reports.report(reports.unmeasured(kind)))
    (row,) = [line for line in section.splitlines() if line.startswith("| dim")]
    assert NOT_MEASURED in row and "UNDECIDED" not in row
    assert row.endswith("(observation) |") is (kind == "observation")


@pytest.mark.parametrize("partial", [False, True])
def test_a_run_that_was_stopped_is_no_whole_one(partial: bool) -> None:
    report = reports.report(replace(reports.result(), partial=partial))
    for text in (in_markdown(report), in_terminal(report)):
        assert ("stopped early: what was measured by then" in text) is partial
    assert answer_of(report).whole is not partial
    assert PublicReport(report).ok is not partial


MIXTURES: Mapping[str, Report] = {
    "nothing": reports.report(),
    "one that holds": reports.report(reports.result()),
    "two violated": reports.report(*(reports.result(Decision.VIOLATED, name=name) for name in "ab")),
    "a broken law": reports.report(failed=(reports.broken(),)),
    "a failed test": reports.report(failed=(reports.broken(law=False),)),
    "a lost test": reports.report(reports.result(), not_measured=(reports.kept(),)),
    "a finding": reports.report(reports.result(kind="observation")),
    "laws": reports.report(passed_laws=(reports.kept(), reports.kept("two"))),
    "all of it": reports.mixed(),
}
"""Reports of nothing, of one and of many things."""


@cache
def view_of(view: str, name: str) -> str:
    return VIEWS[view](MIXTURES[name])


@pytest.mark.parametrize("name", MIXTURES)
def test_the_answer_is_one_sentence_for_all(name: str) -> None:
    report = MIXTURES[name]
    answer, rest = answer_of(report).headline
    said = f"{answer}; {rest}" if rest else answer
    assert view_of("terminal", name).startswith(said)
    assert view_of("markdown", name).partition("\n")[0].replace("**", "") == said
    page = view_of("page", name)
    assert answer in page and all(part in page for part in rest.split("; ") if part)
    assert PublicReport(report).answer == answer_of(report).release[1]
    assert PublicReport(report).answer in page


@pytest.mark.parametrize("name", MIXTURES)
@pytest.mark.parametrize("view", VIEWS)
def test_everything_that_was_tried_is_named_in_every_view(name: str, view: str) -> None:
    report, text = MIXTURES[name], view_of(view, name).replace("_", " ")
    wanted = [row["property"] for row in [*report["results"], *report["failed"], *report["not_tested"]]]
    assert [each for each in wanted if each.replace("_", " ") not in text] == []
    assert [lost for lost in report["not_measured"] if lost["reason"] not in text] == []


@pytest.mark.parametrize("name", MIXTURES)
def test_the_counts_of_junit_are_those_of_the_answer(name: str) -> None:
    root = ElementTree.fromstring(junit.render(MIXTURES[name]))
    cases = [*root.iter("testcase")]
    ends = [child.tag for case in cases for child in case if child.tag != "properties"]
    counts = [int(root.attrib[each]) for each in ("tests", "errors", "failures", "skipped")]
    assert counts == [len(cases), *map(ends.count, ("error", "failure", "skipped"))]
    found = answer_of(MIXTURES[name])
    assert ends.count("failure") >= len(found.broken)
    assert not (found.ok and found.deciding) or "failure" not in ends


def test_the_order_of_the_rows_is_the_worst_first_in_markdown_and_terminal() -> None:
    report = reports.mixed()
    order = [(line.row["claim"]["kind"] == "observation", WORST_FIRST.index(standing(line.row)))
             for line in lines(report)]  # fmt: skip
    assert order == sorted(order)
    table = [row for row in markdown.render(report).splitlines() if re.match(r"\| .*\*\* \|$", row)]
    assert [row.split("|")[2].strip() for row in table] == [line.property for line in lines(report)]
