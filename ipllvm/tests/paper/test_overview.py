"""reports/paper.md says what statements.toml and the kept findings say, and speaks of every claim."""

import json
from pathlib import Path
from typing import Any

import pytest

from ipllvm.claims.tables import plots, shipped
from ipllvm.paper import overview
from ipllvm.paper.overview import Finding, findings, markdown, merged, statements
from ipllvm.paper.parts import parts
from ipllvm.tests.contracts.test_properties import PROPERTIES
from ipllvm.tests.paper.measured import estimate
from ipllvm.tests.test_sizes import ROOT

REPORTS = ROOT / "reports"
AGAIN = "python -m ipllvm.paper.overview"


def finding(**changed: Any) -> Finding:
    usual = {
        "property": "permutation_invariance", "claim": "permutation", "model": "m|1", "weights": "abc",
        "benchmark": "scenes", "value": 20.04, "low": 18.0, "high": 23.0, "n": 300, "decision": "VIOLATED",
        "measured": "2026-01-01",
    }  # fmt: skip
    return {**usual, **changed}


def test_the_page_is_what_its_sources_make() -> None:
    kept = json.loads((REPORTS / "paper.json").read_text(encoding="utf-8"))
    page = (REPORTS / "paper.md").read_text(encoding="utf-8")
    assert page == markdown(statements(), kept), f"make it again: {AGAIN}"


def test_every_claim_and_every_table_and_figure_of_the_paper_is_spoken_of() -> None:
    said = statements()
    own = {name for name, claim in shipped("paper.toml").items() if claim["source"].startswith("paper ")}
    assert {name for each in said for name in each["claims"]} == own
    assert {each["property"] for each in said} - {""} <= set(PROPERTIES)
    places = " ".join(each["where"] for each in said)
    wanted = {part.where.removesuffix("a").removesuffix("b") for part in parts().values() if part.models}
    wanted |= {plot.where for plot in plots()}
    names = {" ".join(where.split()[:2]) for where in wanted} - {"Beside Table"}
    assert all(name in places for name in names), names
    assert len({each["key"] for each in said}) == len(said)
    assert all(each[field] for each in said for field in ("says", "measured", "open", "reading", "missing"))


def test_what_is_measured_again_takes_the_place_of_the_older() -> None:
    old, new = finding(value=1.0), finding(value=2.0)
    other = finding(model="n")
    assert merged([old, other], [new]) == [new, other]


def test_what_is_found_not_to_fit_is_no_longer_told() -> None:
    lost = {"property": "permutation_invariance", "model": "m|1", "benchmark": "scenes", "reason": "none"}
    other = finding(benchmark="charts")
    assert overview.without_lost([finding(), other], {"not_tested": [lost]}) == [other]


def test_names_are_no_markup_and_claims_without_a_run_say_so() -> None:
    page = markdown(statements(), [finding()])
    (line,) = (line for line in page.splitlines() if line.startswith("| permutation |"))
    assert line.count("|") - line.count("\\|") == 7 and "20.0 [18.0, 23.0]" in line and "violated" in line
    assert page.count("Not measured on the embedded models.") > 5


def test_a_finding_is_the_estimate_that_decides() -> None:
    """Its n too: of 100 questions of scenes few ask for what is not there."""
    row = {
        "property": "permutation_invariance", "model": "m", "benchmark": "b",
        "claim": {"name": "permutation", "quantity": "performance_drop"},
        "estimates": {"clean": estimate(90.0, 80.0, 95.0), "performance_drop": estimate(3.14159, 1, 5, 4)},
        "verdict": {"decision": "UNDECIDED"},
    }  # fmt: skip
    report = {
        "results": [row], "models": [{"id": "m", "name": "m", "fingerprint": "f" * 64}],
        "benchmarks": [{"id": "b", "name": "scenes", "n": 60, "total": 1000}],
        "run": {"started": "2026-11-27T03:00:52Z"}, "statements": [],
    }  # fmt: skip
    (found,) = findings(report)
    assert (found["value"], found["low"], found["n"], found["decision"]) == (3.14, 1.0, 4, "UNDECIDED")
    assert (found["weights"], found["measured"]) == ("f" * 12, "2026-11-27")


def test_what_two_encoders_say_stands_under_the_encoders_claim_alone() -> None:
    """The page had shown a model's answers under what the paper says of a ViT and a ResNet."""
    stated: dict[str, Any] = {
        "name": "vit_against_cnn", "models": ["vit-tiny", "resnet-tiny"], "benchmarks": ["objects"],
        "value": 3.21, "low": 1.0, "high": 5.0, "decision": "HOLDS",
    }  # fmt: skip
    other = {**stated, "name": "text_rich"}
    report = {
        "results": [], "statements": [stated, other], "run": {"started": "2026-11-28T03:00:52Z"},
        "models": [{"id": name, "name": name, "fingerprint": name[0] * 64} for name in stated["models"]],
        "benchmarks": [{"id": "b", "name": "objects", "n": 60, "total": 1000}],
    }  # fmt: skip
    (across,) = findings(report)
    assert (across["weights"], across["n"]) == (f"{'v' * 12} and {'r' * 12}", 60)
    drops = [finding(property="occlusion", claim="occlusion", model=m) for m in ("vit-tiny", "llava-tiny")]
    left, right = (
        text for text in markdown(statements(), [across, *drops]).split("\n## ") if ", Fig. 6 " in text
    )
    assert "| vit_against_cnn | vit-tiny and resnet-tiny | objects | 3.2 [1.0, 5.0] | 60 | holds |" in left
    assert "| occlusion | vit-tiny |" in left and "llava-tiny" not in left
    assert "`occlusion` on imagenet." in left and "`occlusion` on ai2d." in right
    assert "| occlusion | llava-tiny |" in right and "vit-tiny" not in right


def test_it_is_written_beside_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ipllvm.reporting.migration.read", lambda path: path)
    monkeypatch.setattr(overview, "without_lost", lambda found, report: found)
    monkeypatch.setattr(overview, "findings", lambda report: [finding(model=report.parent.name)])
    for name in ("one", "two"):
        overview.main([str(tmp_path / name), f"--out={tmp_path}"])
    assert [each["model"] for each in json.loads((tmp_path / "paper.json").read_text())] == ["one", "two"]
    assert "| two |" in (tmp_path / "paper.md").read_text()
