"""Claims over checkpoints: which have a track, what its points say, and where it changed, by Holm."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ipllvm.gate.baseline import Baseline, clean_claim, of
from ipllvm.history.changes import marked, not_compared
from ipllvm.history.checkpoints import CheckpointRun
from ipllvm.history.claims import CLEAN, tracks
from ipllvm.reporting.tracks import Track
from ipllvm.tests.gate.test_baseline import NOTHING, WORSE, rows
from ipllvm.verdicts.failing import NOT_MEASURED

SLIGHTLY = np.where(np.arange(400) < 7, 1.0, 0.0)
"""Seven of 400 were lost: one claim alone has got worse by it, of many none."""


def kept(values: Any, verdict: str = "HOLDS", **settings: Any) -> list[dict[str, Any]]:
    return [{**row, "verdict": verdict} for row in rows(values, **settings)]


def on(benchmark: str, found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "benchmark": benchmark} for row in found]


def clean(values: Any, name: str = "image_use") -> list[dict[str, Any]]:
    claim = clean_claim(2.0)
    asked = {field: getattr(claim, field) for field in claim.__slots__}
    return [{**row, "claim": asked, "property": name, "signed": False} for row in kept(values)]


def run(label: str, *found: dict[str, Any]) -> CheckpointRun:
    return CheckpointRun(label, label, "", None, of({"model": label}, found), None)


def values(track: Track) -> list[tuple[str, float, str]]:
    return [(point.at, round(point.value, 6), point.standing) for point in track.points]


def changes(found: Sequence[CheckpointRun]) -> list[list[str]]:
    return [[point.changed for point in track.points] for track in marked(list(tracks(found)), found)]


def test_a_claim_is_told_at_every_checkpoint_that_has_it() -> None:
    found = [
        run("a", *kept(NOTHING)),
        run("b", *kept(WORSE, "VIOLATED"), *on("other", kept(NOTHING))),
        run("c"),
        run("d", *on("other", kept(WORSE, "UNDECIDED"))),
    ]
    first, other = tracks(found)
    assert values(first) == [("a", 0.0, "HOLDS"), ("b", 15.0, "VIOLATED")]
    assert values(other) == [("b", 0.0, "HOLDS"), ("d", 15.0, "UNDECIDED")]
    assert (first.benchmark, other.benchmark) == (rows(NOTHING)[0]["benchmark"], "other")
    assert first.margin == 2.0 and first.direction == "at_most" and first.unit == "points"
    for track in (first, other):
        assert all(p.low is not None and p.low <= p.value <= (p.high or 0) for p in track.points)


@pytest.mark.parametrize(
    "row",
    [
        kept([])[0],
        kept(NOTHING, NOT_MEASURED)[0],
        {**kept(NOTHING)[0], "over": [1.0] * 400, "over_bound": 1.0, "share": 0.9, "weighted": True},
    ],
    ids=["nothing by sample", "not measured", "a ratio"],
)
def test_what_a_baseline_can_not_say_alone_has_no_point(row: dict[str, Any]) -> None:
    assert list(tracks([run("a", row), run("b", row)])) == []
    (track,) = tracks([run("a", row), run("b", *kept(WORSE))])
    assert [point.at for point in track.points] == ["b"]


def test_checkpoints_without_anything_have_no_tracks() -> None:
    nothing = CheckpointRun("a", "a", "", None, None, None)
    assert list(tracks([])) == list(tracks([nothing, nothing])) == []
    assert marked([], []) == [] and not_compared([], []) == []


def test_the_clean_score_is_one_track_whichever_property_kept_it() -> None:
    found = [run("a", *clean(WORSE, "image_use")), run("b", *clean(NOTHING, "blind"))]
    (track,) = tracks(found)
    assert (track.property, track.claim, track.title, track.margin) == (CLEAN, CLEAN, "clean score", None)
    assert values(track) == [("a", 15.0, ""), ("b", 0.0, "")]
    assert changes(found) == [["", "worse"]], "a score that falls, whoever kept it"


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([NOTHING, NOTHING], ["", ""]),
        ([NOTHING, WORSE], ["", "worse"]),
        ([WORSE, NOTHING], ["", "better"]),
        ([NOTHING, WORSE, WORSE, NOTHING], ["", "worse", "", "better"]),
        ([NOTHING], [""]),
    ],
)
def test_a_change_stands_at_the_second_of_two_neighbours(steps: list[Any], told: list[str]) -> None:
    assert changes([run(f"c{n}", *kept(found)) for n, found in enumerate(steps)]) == [told]


def test_a_checkpoint_that_lacks_the_claim_is_passed_over() -> None:
    found = [run("a", *kept(NOTHING)), run("b"), run("c", *kept(WORSE))]
    assert changes(found) == [["", "worse"]]


def test_one_change_among_many_claims_has_to_be_larger() -> None:
    def history(claims: int) -> list[CheckpointRun]:
        others = [on(f"b{n}", kept(NOTHING)) for n in range(claims)]
        alike = [row for other in others for row in other]
        return [run("a", *kept(NOTHING), *alike), run("b", *kept(SLIGHTLY), *alike)]

    assert changes(history(0)) == [["", "worse"]]
    assert changes(history(9)) == [["", ""]] * 10
    larger = [run("a", *kept(NOTHING)), run("b", *kept(WORSE))]
    assert changes(larger) == [["", "worse"]]


def test_what_was_marked_before_is_marked_anew() -> None:
    found = [run("a", *kept(NOTHING)), run("b", *kept(NOTHING))]
    (track,) = tracks(found)
    stale = replace(track, points=tuple(replace(point, changed="worse") for point in track.points))
    assert [point.changed for point in marked([stale], found)[0].points] == ["", ""]


def test_neighbours_of_other_settings_are_named_once_with_the_first_reason() -> None:
    found = [
        run("a", *kept(NOTHING, seed=0), *on("other", kept(NOTHING, seed=0))),
        run("b", *kept(WORSE, seed=1), *on("other", kept(WORSE, seed=1))),
        run("c", *kept(WORSE, seed=1), *on("other", kept(WORSE, seed=1))),
    ]
    every = list(tracks(found))
    assert not_compared(every, found) == [
        "a and b are not compared: seed is 0 in the first and 1 in the second."
    ]
    assert changes(found) == [["", "", ""], ["", "", ""]]


def test_a_run_without_answers_by_sample_is_neither_compared_nor_named() -> None:
    whole = run("a", *kept(NOTHING))
    bare = CheckpointRun("b", "b", "", None, Baseline({}, {}), None)
    (track,) = tracks([whole, run("b", *kept(WORSE))])
    assert marked([track], [whole, bare])[0].points[1].changed == ""
    assert not_compared([track], [whole, bare]) == []
