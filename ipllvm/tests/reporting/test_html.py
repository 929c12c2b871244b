"""The page: whole, self-contained, hostile text stays text, pictures have words, models side by side."""

import json
import re
from copy import deepcopy
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ipllvm import cli
from ipllvm.records import Decision
from ipllvm.reporting import examples
from ipllvm.reporting.html import render
from ipllvm.reporting.report import write
from ipllvm.reporting.schema import Row
from ipllvm.tests.reporting import drawn, reports
from ipllvm.tests.reporting.hostile import HOSTILE

VOID = {"meta", "input", "img", "br", "path"}


class Page(HTMLParser):
    """Checks that tags nest, and keeps what a test asks for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.unnamed: list[str] = []
        self.events: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.links += [str(found[name]) for name in ("href", "src") if name in found]
        self.ids += [str(found["id"])] if "id" in found else []
        self.unnamed += [tag] if found.get("role") == "img" and not found.get("aria-label") else []
        self.unnamed += [tag] if tag == "img" and not found.get("alt") else []
        self.events += [name for name in found if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_every_property_has_a_section_every_result_a_place_and_every_link_stays_on_the_page() -> None:
    report = reports.mixed()
    page = Page(render(report))
    assert page.tags.count("section") == len({row["property"] for row in report["results"]})
    assert {f"r{place + 1}" for place in range(len(report["results"]))} <= set(page.ids)
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert not {"iframe", "link", "object"} & set(page.tags)
    assert (page.tags.count("script"), page.events, page.unnamed) == (1, [], [])


@pytest.mark.parametrize(
    ("decisions", "changed", "answer"),
    [
        ([], {}, "Not asked."),
        (["HOLDS"], {}, "Nothing measured stands in the way."),
        (["HOLDS", "UNDECIDED"], {}, "Not answered yet."),
        (["HOLDS", "VIOLATED", "UNDECIDED"], {}, "No."),
        (["HOLDS"], {"failed": reports.mixed()["failed"]}, "No."),
        (["HOLDS"], {"not_measured": reports.mixed()["not_measured"]}, "Not answered yet."),
    ],
)
def test_the_first_screen_answers_whether_it_may_be_released(
    decisions: list[str], changed: dict[str, Any], answer: str
) -> None:
    report = reports.report(*[reports.result(Decision(decision)) for decision in decisions]) | changed
    heading = re.search(r"<h1>(.*?)</h1>", render(report), re.DOTALL)
    assert heading is not None
    assert Page(heading[1]).text.startswith(answer)


def test_it_says_what_stands_in_the_way_what_is_open_and_what_was_not_tested() -> None:
    text = Page(render(reports.mixed())).text
    assert "law broken" in text.partition("Not decided")[0]
    undecided = text.partition("Not decided")[2].partition("Not tested")[0]
    assert "nothing to lose: clean exceeds blank" in undecided
    assert "about 1,200 samples of easyvqa in place of 300 would decide it" in text.partition("Not tested")[0]
    assert "3 errors, budget 0" in undecided
    assert "alignment on charts of llava-tiny: the model has no text encoder" in text


def test_an_observation_stops_no_release() -> None:
    seen = reports.result(Decision.VIOLATED, name="seen", kind="observation")
    text = Page(render(reports.report(reports.result(), seen))).text
    assert "Nothing measured stands in the way." in text
    assert "What stands in the way" not in text
    assert "NOT AS IN PAPER" in text


def test_a_section_has_claim_reading_number_pictures_examples_and_the_paper() -> None:
    page = Page(render(drawn.report(drawn.flip())))
    for told in (
        "shuffled visual tokens cost at most 2 points",
        "0.4 points lost under the perturbation; with 95 % confidence",
        "Lost under the perturbation",
        "Scores: clean, blank, permuted",
        "What is lost: easyvqa",
        "not the data behind the map",
        "Score with that share in black (higher = more robust). Band: 90 % interval",
        "Answers that changed",
        "blue ✗wrong (unread)",
        "right answer: red",
        "ipllvm replay . p easyvqa-3 --draw=1",
        "34.67 percent",
        "scope=keep_newline",
    ):
        assert told in page.text, told
    assert page.tags.count("img") == 2
    assert page.unnamed == []


def test_what_a_baseline_says_is_a_part_of_its_property() -> None:
    claim = replace(reports.CLAIM, name="regression: permutation", quantity="regression", text="no worse")
    worse = reports.estimate("regression", 4.0, 2.5, 5.5)
    change = replace(reports.result(Decision.VIOLATED), claim=claim, estimates={"regression": worse})
    page = Page(render(reports.report(reports.result(), change)))
    assert page.tags.count("section") == 1
    assert "4.0 points worse than the baseline; with 95 % confidence no less than 2.5" in page.text


@pytest.mark.parametrize("text", [*HOSTILE[:2], "".join(HOSTILE), "x" * 1_000_000])
def test_hostile_text_stays_text(text: str) -> None:
    named = replace(drawn.CURVE, name=text, quantity=text, unit=text, axes=(text,))
    cells = replace(drawn.MAP, name=text, quantity=text, unit=text, axes=(text, text))
    hostile = replace(
        reports.result(reason=text, name=text),
        model=replace(reports.MODEL, name=text, family=text),
        benchmark=replace(reports.BENCHMARK, name=text, source=text),
        claim=replace(reports.CLAIM, text=text, source=text),
        settings={text: text},
        errors=((text, text),),
        series=(named, cells),
    )
    report = reports.report(hostile)
    says = {name: text for name in drawn.flip() if name not in ("draw", "pictures")}
    figure = {**drawn.PRINTED, "where": text, "unit": text, "notes": [text]}
    report["results"][0] |= {"flips": [drawn.flip(**says)], "printed": [figure]}
    made = render(report)
    page = Page(made)
    assert page.tags.count("script") == 1
    assert not {"b", "i", "em"} & set(page.tags)
    assert page.events == []
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in page.links)
    assert not re.search("[\u202e\u2066\u200b\x00\x1b\x07]", made)
    assert len(made) < 300_000


def test_a_picture_that_no_report_writes_is_not_shown() -> None:
    foreign = ("javascript:alert(1)", "data:image/svg+xml;base64,AAAA", "https://evil.example/a.png")
    odd = ('data:image/png;base64,A"x', "data:text/html;base64,AAAA", 3)
    page = Page(
        render(
            drawn.report(
                *(drawn.flip(pictures=[each] * 2, draw=i) for i, each in enumerate((*foreign, *odd)))
            )
        )
    )
    assert page.tags.count("img") == 0
    assert page.text.count("easyvqa-3") >= 6


def test_a_counterexample_is_shown_as_an_example_is() -> None:
    report = drawn.report()
    found = {"flip": drawn.flip(), "size": 1, "of": 57, "unit": "swap of two visual tokens", "queries": 31}
    report["results"][0]["counterexample"] = found
    page = Page(render(report))
    assert "The smallest counterexample: 1 of 57, swap of two visual tokens" in page.text
    assert page.tags.count("img") == 2


def test_a_prompt_keeps_its_lines() -> None:
    text = Page(render(drawn.report(drawn.flip(prompt="What?\nA. red\x1b\u2028B. blue")))).text
    assert "What?\nA. red\\x1b\nB. blue" in text


def test_a_damaged_picture_is_no_ground_for_a_map() -> None:
    page = Page(render(drawn.report(drawn.flip(pictures=["data:image/png;base64,AAAA"]))))
    assert "over an example" not in page.text


def test_examples_share_the_room_of_a_page() -> None:
    rows: list[Row] = [{"flips": [drawn.flip()] * 25}, {"flips": [drawn.flip()] * 2}, {}]
    size = sum(map(len, drawn.flip()["pictures"]))
    assert [(len(kept), more) for kept, more in examples.fitting(rows)] == [(20, 5), (2, 0), (0, 0)]
    assert [(len(kept), more) for kept, more in examples.fitting(rows, 5 * size)] == [(3, 22), (2, 0), (0, 0)]


def test_a_page_asks_for_nothing() -> None:
    text = render(drawn.report(drawn.flip()))
    assert not re.search(r"(?:src|href|url\(|@import)\s*=?\s*[\"'(]?\s*(?:https?:)?//", text)
    assert "default-src 'none'" in text


def test_an_empty_report_is_a_page() -> None:
    assert "No requirement was measured" in Page(render(reports.report())).text


def test_a_page_is_the_same_again() -> None:
    assert render(drawn.report(drawn.flip())) == render(drawn.report(drawn.flip()))


def test_a_report_of_an_older_version_still_opens() -> None:
    """Version 1 only grows: what came later may be missing."""
    older = deepcopy(reports.report(reports.result()))
    for name in ("flips", "printed"):
        older["results"][0].pop(name, None)
    assert "permutation invariance" in Page(render(older)).text


def test_models_of_several_reports_stand_side_by_side() -> None:
    other = replace(reports.result(Decision.VIOLATED), model=replace(reports.MODEL, name="other"))
    page = Page(render(reports.report(reports.result()), reports.report(other)))
    assert page.tags.count("section") == 1
    assert "Violated on 1, holds on 1 of 2 pairs of benchmark and model." in page.text
    assert {"Overview", "llava-tiny", "other"} <= set(re.findall(r"\w[\w-]*", page.text)) | {"Overview"}


def test_views_are_made_again_from_the_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(drawn.report(), tmp_path)
    first = (tmp_path / "report.html").read_text()
    (tmp_path / "report.html").unlink()
    assert cli.main(["report", str(tmp_path)]) == 0
    assert (tmp_path / "report.html").read_text() == first
    assert list((tmp_path / "figures").glob("*.svg"))
    assert cli.main(["report", str(path), "--md", str(tmp_path / "only.md")]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("only.md")


def test_two_reports_make_one_page_and_one_comment(tmp_path: Path) -> None:
    write(reports.report(reports.result()), tmp_path / "a")
    other = replace(reports.result(), model=replace(reports.MODEL, name="other"))
    write(reports.report(other), tmp_path / "b")
    both = tmp_path / "both.html"
    asked = ["report", str(tmp_path / "a"), str(tmp_path / "b"), "--html", str(both), "--md"]
    assert cli.main(asked) == 0
    assert "easyvqa · other:" in both.read_text()
    assert "| other |" in (tmp_path / "a" / "report.md").read_text()


@pytest.mark.parametrize(("text", "line"), [("{", "not JSON"), ("{}", "not an ipllvm-report/1")])
def test_what_is_no_report_is_one_line(
    tmp_path: Path, text: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    assert cli.main(["report", str(path)]) == 4
    assert line in capsys.readouterr().err
    assert cli.main(["report", str(tmp_path / "none.json")]) == 4


def test_the_json_of_a_drawn_report_is_valid(tmp_path: Path) -> None:
    from ipllvm.reporting.schema import validate

    validate(json.loads(write(drawn.report(drawn.flip()), tmp_path).read_text()))


def test_a_benchmark_is_one_column_of_the_overview_however_many_samples_were_taken() -> None:
    many = reports.result(name="permutation_invariance")
    few = replace(reports.result(name="occlusion"), benchmark=replace(many.benchmark, n=60))
    other = replace(few, benchmark=replace(many.benchmark, name="scenes"))
    report = reports.report(many, few, other)
    assert len(report["benchmarks"]) == 3
    head = re.search(r'<table class="overview">.*?</thead>', render(report), re.DOTALL)
    assert head is not None and re.findall(r'<th scope="col">([^<]*)', head[0]) == [
        "property",
        many.benchmark.name,
        "scenes",
    ]
