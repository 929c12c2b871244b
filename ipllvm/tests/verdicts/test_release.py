"""All requirements of a run at once: raw p-values for what holds, Holm's for what is violated."""

from dataclasses import replace
from typing import Any

import pytest

from ipllvm.records import Decision, Verdict
from ipllvm.reporting import html, markdown, schema, terminal
from ipllvm.reporting.report import build
from ipllvm.tests.reporting import reports
from ipllvm.verdicts import release

OK, BAD = 0.01, 0.9
LOST = {"property": "occlusion", "model": "llava-tiny", "benchmark": "charts", "primary": True}


def row(p_holds: float, p_violated: float, name: str = "permutation", **changed: Any) -> dict[str, Any]:
    """An entry of a report about a primary requirement with these raw p-values."""
    decided = {p_holds <= 0.05: Decision.HOLDS, p_violated <= 0.05: Decision.VIOLATED}
    verdict = Verdict(decided.get(True, Decision.UNDECIDED), "", p_holds, p_violated)
    claim = replace(reports.CLAIM, name=name, primary=not name.startswith("regression:"))
    made = schema.row(replace(reports.result(), claim=claim, verdict=verdict))
    return {**made, "test": "t", "outcome": "passed", "replay": "", **changed}


def test_all_that_hold_need_no_correction() -> None:
    (found,) = release.of([row(0.04, 1), row(0.05, 1), row(0.001, 1)])
    assert (found.name, found.decision, found.p, found.kind) == (
        "fit_for_release",
        "HOLDS",
        0.05,
        "requirement",
    )
    assert "all 3 requirements hold" in found.text and "the largest p is 0.05" in found.reason
    assert (found.models, found.benchmarks, found.value) == (("llava-tiny",), ("easyvqa",), None)


def test_one_that_does_not_hold_leaves_it_open() -> None:
    (found,) = release.of([row(OK, 1), row(0.06, BAD, "image_use")])
    assert (found.decision, found.p) == (Decision.UNDECIDED, 0.06)
    assert found.text == "Not shown fit for release: 1 of 2 requirements hold."
    assert found.reason == "open: image_use on easyvqa (undecided)"


def test_what_is_open_has_the_p_value_of_the_farthest() -> None:
    (found,) = release.of([row(0.04, BAD), row(0.9, BAD, "image_use")])
    assert (found.decision, found.p) == (Decision.UNDECIDED, 0.9)


def test_a_violation_must_survive_holms_correction() -> None:
    others = [row(OK, 1)] * 9
    (surely,) = release.of([*others, row(1, 0.004, "image_use")])
    assert surely.decision is Decision.VIOLATED
    assert surely.text == "Not fit for release: 1 of 10 requirements violated."
    assert surely.reason == "image_use on easyvqa (p = 0.04)"
    (maybe,) = release.of([*others, row(1, 0.04, "image_use")])
    assert maybe.decision is Decision.UNDECIDED
    assert (
        "image_use on easyvqa (VIOLATED alone; among all claims of the run not enough (Holm p = 0.4))"
        in maybe.reason
    )
    (raw,) = release.of([*others, row(1, 0.04, "image_use")], raw=True)
    assert raw.decision is Decision.VIOLATED and "--exit=raw" in raw.method


@pytest.mark.parametrize("changed", [{"partial": True}, {"outcome": "error"}])
def test_what_was_not_measured_to_the_end_does_not_hold(changed: dict[str, Any]) -> None:
    (found,) = release.of([row(OK, 1), row(OK, 1, **changed)])
    assert (found.decision, found.p) == (Decision.UNDECIDED, 1.0)
    assert found.reason.endswith("(not measured to the end)")
    (missed,) = release.of([row(OK, 1)], [LOST, {**LOST, "model": "another"}, {**LOST, "primary": False}])
    assert missed.decision is Decision.UNDECIDED and "of 2 requirements" in missed.text
    assert "occlusion on charts (could not be measured)" in missed.reason


def test_a_level_that_is_shared_is_not_shared_here() -> None:
    claim = {**row(0.03, 1)["claim"], "alpha": 0.025}
    shared = row(0.03, 1, claim=claim, settings={"family_wise": 2})
    (found,) = release.of([shared, shared])
    assert found.decision is Decision.HOLDS


def test_each_model_and_its_gate_have_their_own() -> None:
    other = {**row(OK, 1)["model"], "name": "other"}
    observed = {**row(OK, 1)["claim"], "kind": "observation"}
    rows = [row(OK, 1), row(OK, 1), row(1, 0.001, model=other), row(OK, 1, model=other)]
    rows += [row(1, 0.0, "regression:permutation"), row(OK, 1, "regression:clean_score")]
    rows += [row(1, 0.0, claim=observed)]
    found = [(each.name, each.models[0], str(each.decision)) for each in release.of(rows)]
    assert found == [
        ("fit_for_release", "llava-tiny", "HOLDS"),
        ("no_regression", "llava-tiny", "VIOLATED"),
        ("fit_for_release", "other", "VIOLATED"),
    ]
    assert release.of([row(OK, 1)]) == [], "its own verdict says it all"


def test_it_stands_in_every_view() -> None:
    entries = [row(OK, 1), row(0.5, BAD, "image_use", benchmark={**row(1, 1)["benchmark"], "name": "charts"})]
    made = build(entries, reports.RUN, statements=release.of(entries))
    schema.validate(made)
    words = "Not shown fit for release: 1 of 2 requirements hold; open: image_use on charts (undecided)"
    told = f"UNDECIDED fit_for_release, llava-tiny, easyvqa and charts: {words}"
    assert any(told in line for line in terminal.summary(made, 400))
    for view in (markdown.render(made), html.render(made)):
        plain = view.replace("\\", "").replace("_", " ")
        assert plain.count("1 of 2 requirements hold; open: image use on charts") == 1


@pytest.mark.parametrize(("level", "p", "counts"), [(0.05, 0.3, 0.3), (0.01, 0.1, 0.5), (0.01, 0.9, 1.0)])
def test_a_share_of_the_level_makes_a_p_value_larger_but_never_more_than_1(
    level: float, p: float, counts: float
) -> None:
    made = row(0.5, p)
    shared = {**made, "settings": {**made["settings"], release.LEVEL: level}}
    shared["verdict"] = {**made["verdict"], "p_worse": p}
    ((standing,),) = (each.answer.standings for each in release.families([shared]))
    assert (standing.p_violated, standing.p_worse) == pytest.approx((counts, counts))
    assert (standing.p_holds, standing.member.alpha) == (0.5, 0.05)
