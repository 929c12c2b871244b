"""A baseline of which one field was altered is refused, lacks a comparison, or changes nothing."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ipllvm import claims
from ipllvm.errors import UsageError
from ipllvm.gate import baseline, reading
from ipllvm.gate.answers import FlippedSample
from ipllvm.gate.compare import compare
from ipllvm.records import Contrast, Transcript
from ipllvm.tests.reporting import reports

IDS = tuple(f"s{i}" for i in range(60))
MEASURED = ("paired", "n_error", "noise")
"""What the run itself found, for which nothing but the file speaks."""
Found = dict[str, Any]


def made(lost: int) -> list[Found]:
    """The rows of a run that loses so many of 60 answers, and of a ratio beside it."""
    drop = Contrast("performance_drop", 1.0 * (np.arange(60) < lost), IDS, samples=IDS)
    below = Contrast("clean", np.ones(60), IDS, samples=IDS, weighted=True)
    kept = replace(
        drop, name="area", values=1.0 - drop.values - 0.5, lattice=0.0, weighted=True, over=below, share=0.5
    )
    known = claims.load()
    pairs = ((known["permutation"], drop), (known["occlusion"], kept))
    said = {name: Transcript("what?", "red", ("red",)) for name in IDS}
    found = replace(
        reports.result(),
        paired=pairs,
        said=said,
        floors={"permutation": 1.0},
        noise={"permutation": (1, 1, 60)},
    )
    return baseline.rows(found)


ABOUT = {"versions": {"transformers": "5.0"}}
WHOLE: list[Found] = [json.loads(baseline.dumps(ABOUT, [row])) for row in made(0)]
AFTER = [baseline.of(ABOUT, [row]) for row in made(12)]


def others(value: Any) -> Iterator[Any]:
    """Other values of the same kind, and of another."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value + 1, 2 * value + 0.5, 0 if value else 1)
    elif isinstance(value, str):
        yield from ("other", f"{value} ", "")
    elif value is None:
        yield from (1, "other")
    yield [value]


def entry_of(part: str, key: str, value: Any) -> Callable[[Found], None]:
    def change(found: Found) -> None:
        (entry,) = found["entries"]
        (entry[part] if part else entry)[key] = value

    return change


def gone(part: str, key: str) -> Callable[[Found], None]:
    return lambda found: found["entries"][0][part].pop(key)


def alterations(place: int, part: str) -> Iterator[tuple[str, Callable[[Found], None]]]:
    """Each field of an entry itself, of its claim or of its settings, with other values and without."""
    (entry,) = WHOLE[place]["entries"]
    fields = (
        entry[part] if part else {k: v for k, v in entry.items() if k not in ("claim", "settings", *MEASURED)}
    )
    for key, value in fields.items():
        for other in others(value):
            yield f"{key}={other!r}", entry_of(part, key, other)
        if part:
            yield f"without {key}", gone(part, key)


def outcome(found: Found, place: int, folder: Path) -> str | list[tuple[Any, ...]]:
    """The line that refuses a baseline, or each verdict of the gate on it."""
    file = folder / "baseline.json"
    file.write_text(json.dumps(found))
    try:
        gate = compare(reading.load(file), AFTER[place], "before")
    except UsageError as error:
        assert "\n" not in str(error) and str(file) in str(error)
        return "refused"
    if gate.refused or gate.missing or gate.added:
        return "refused"
    return [
        (c.key, c.verdict.decision, c.verdict.p_holds, c.verdict.p_violated, c.claim.alpha)
        for c in gate.changes
    ]


@pytest.mark.parametrize("part", ["", "claim", "settings"])
@pytest.mark.parametrize("place", [0, 1], ids=["drop", "ratio"])
def test_no_field_of_a_baseline_turns_a_verdict(place: int, part: str, tmp_path: Path) -> None:
    plain = outcome(WHOLE[place], place, tmp_path)
    assert "VIOLATED" in [str(row[1]) for row in plain]
    turned, tried = [], dict(alterations(place, part))
    for what, change in tried.items():
        found = json.loads(json.dumps(WHOLE[place]))
        change(found)
        if outcome(found, place, tmp_path) not in ("refused", plain):
            turned.append(what)
    assert not turned and len(tried) > 20


@pytest.mark.parametrize(("before", "after"), [(3, 0), (0, 3), (2, 5)])
def test_samples_that_one_side_lost_are_missing_from_the_difference(before: int, after: int) -> None:
    (old,) = baseline.of(ABOUT, made(0)[:1]).entries.values()
    found = baseline.difference(replace(old, n_error=before), replace(old, n_error=after))
    assert (len(found.values), found.n_error) == (60, max(before, after))


@pytest.mark.parametrize(("worse", "word"), [(0.0, ""), (0.5, "lost "), (-0.5, "gained ")])
def test_a_sample_is_told_by_the_way_it_went(worse: float, word: str) -> None:
    none = "an answer that was not kept"
    assert str(FlippedSample("s1", worse=worse)) == f"{word}s1: {none} before, {none} after"
    assert FlippedSample("s1") == FlippedSample("s1", None, None, 0.0)


@pytest.mark.parametrize(
    ("change", "sound"),
    [
        ({"noise": []}, True),
        ({"noise": [1, 1, 60]}, True),
        ({"noise": [0, 60, 60]}, True),
        ({"noise": [3, 2, 62], "n_error": 2}, True),
        ({"noise": [1, 1]}, False),
        ({"noise": [31, 30, 60]}, False),
        ({"noise": [0, 0, 61]}, False),
        ({"noise": [0, 0, 59]}, False),
        ({"noise": [0, 0, 10**9]}, False),
        ({"noise": [0, 0, 0]}, False),
        ({"noise": [1, 1, 60], "n_error": 1}, False),
        ({"noise": [1, 1, 60], "floor": None}, False),
        ({"noise": [], "floor": None}, True),
    ],
)
def test_noise_that_no_repetition_of_the_samples_can_have_found_is_refused(
    change: Found, sound: bool, tmp_path: Path
) -> None:
    """60 samples, each a cluster of its own."""
    found = json.loads(json.dumps(WHOLE[0]))
    found["entries"][0] |= change
    file = tmp_path / "baseline.json"
    file.write_text(json.dumps(found))
    if sound:
        assert reading.load(file).entries
    else:
        with pytest.raises(UsageError, match=r"a damaged baseline: .*no repetition of its samples"):
            reading.load(file)


@pytest.mark.parametrize("lost", [1, 5, 60, 10**6])
@pytest.mark.parametrize("place", [0, 1], ids=["drop", "ratio"])
def test_errors_that_a_baseline_makes_up_are_refused(place: int, lost: int, tmp_path: Path) -> None:
    """They would hide what got worse: a violated comparison would be undecided."""
    found = json.loads(json.dumps(WHOLE[place]))
    found["entries"][0] |= {"noise": [], "floor": None, "n_error": lost}
    assert outcome(found, place, tmp_path) == "refused"
