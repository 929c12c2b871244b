"""A baseline file as it is read: what may be left out of it, and looks that a run can have had."""

import base64
import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ipllvm.errors import UsageError
from ipllvm.gate import answers, baseline, reading, unchanged
from ipllvm.tests.gate.test_altered import ABOUT, made


def unpacked(text: str) -> dict[str, Any]:
    """What `answers.pack` has packed."""
    found: dict[str, Any] = json.loads(zlib.decompress(base64.b85decode(text)))
    return found


def written(folder: Path, **changed: Any) -> Path:
    """A file of one entry of 60 samples, some of its fields changed, or left out where they are None."""
    found = json.loads(baseline.dumps(ABOUT, made(0)[:1]))
    (entry,) = found["entries"]
    entry.update(changed)
    found["entries"] = [{key: value for key, value in entry.items() if value is not None}]
    file = folder / "baseline.json"
    file.write_text(json.dumps(found))
    return file


@pytest.mark.parametrize("name", ["what's new [v2] & 100 %.jsonl", "می‌خواهم <b>.CSV", f"/{'d/' * 150}q.tsv"])
def test_a_file_of_questions_may_be_called_anything(name: str, tmp_path: Path) -> None:
    """A run of it kept a baseline that nothing could read: "can't be names: save it again"."""
    assert [key.benchmark for key in reading.load(written(tmp_path, benchmark=name)).entries] == [name]


@pytest.mark.parametrize("name", ["q\n.jsonl", "q\x1b[2J.jsonl", "a b", f"{'d/' * 5_000}q.tsv"])
def test_what_is_no_name_of_a_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be names"):
        reading.load(written(tmp_path, benchmark=name))


def test_what_older_files_do_not_say_is_as_usual(tmp_path: Path) -> None:
    file = written(tmp_path, weighted=None, failed=None, noise=None, analyses=None, planned=None)
    (read,) = reading.load(file).entries.values()
    assert not read.weighted and read.failed == ()
    assert (read.noise, read.analyses, read.planned) == ((), (), 0)


@pytest.mark.parametrize(
    ("analyses", "planned", "fits"),
    [
        ([[20, 21], [60, 63]], 63, True),
        ([[60, 63]], 100, True),
        ([[20, 20], [60, 63]], 63, True),
        ([[60, 57]], 63, False),
        ([[60, 60]], 63, False),
        ([[60, 63]], 62, False),
        ([[22, 21], [60, 63]], 63, False),
        ([[30, 63], [60, 63]], 63, False),
    ],
)
def test_the_last_look_had_all_samples_with_those_that_failed(
    analyses: list[list[int]], planned: int, fits: bool, tmp_path: Path
) -> None:
    file = written(tmp_path, n_error=3, noise=[0, 1, 63], analyses=analyses, planned=planned)
    if fits:
        (read,) = reading.load(file).entries.values()
        assert read.analyses[-1] == (60, 63)
    else:
        with pytest.raises(UsageError, match="no run can have looked like that"):
            reading.load(file)


def test_rates_are_shares_of_the_splits() -> None:
    rates = "worse by more than the margin 2.5 %, at all 5.0 %"
    assert str(unchanged.Rates(200, 5, 10, None)) == f"200 halves: {rates}"
    pair = unchanged.Rates(200, 5, 10, (3, 60))
    assert str(pair) == f"200 swaps: {rates}; 3 of 60 values differ between the two runs"


def test_halves_about_their_mean_may_differ_by_twice_the_range() -> None:
    (entry,) = baseline.of(ABOUT, made(12)[:1]).entries.values()
    for sign, bound in ((-1, 3.0), (1, 1.5)):
        values = tuple(sign * abs(value) for value in entry.values)
        centred = unchanged._centred(replace(entry, values=values, bound=1.5).contrast)
        assert (centred.bound, centred.lattice, centred.over) == (bound, entry.lattice, None)
        assert abs(float(centred.values.sum())) < 1e-9


@pytest.mark.parametrize(("direction", "kind"), [("at_most", "requirement"), ("at_least", "observation")])
def test_a_clean_score_is_a_requirement_of_its_kind(direction: str, kind: str, tmp_path: Path) -> None:
    """An observation fails nothing, and one of the other direction would pass what got worse."""
    claim = baseline.clean_claim(2.0)
    fields = {name: getattr(claim, name) for name in claim.__slots__}
    assert reading.load(written(tmp_path, claim=fields, noise=None, floor=None)).entries
    with pytest.raises(UsageError, match="its clean score is no requirement"):
        reading.load(written(tmp_path, claim={**fields, "direction": direction, "kind": kind}))


def test_a_score_below_zero_is_refused(tmp_path: Path) -> None:
    """Held against one above it, it made a loss of more than there is to lose."""
    claim = baseline.clean_claim(2.0)
    fields = {name: getattr(claim, name) for name in claim.__slots__}
    file = written(tmp_path, claim=fields, noise=None, floor=None)
    found = json.loads(file.read_text())
    (entry,) = found["entries"]
    paired = unpacked(entry["paired"])
    entry |= {"paired": answers.pack({**paired, "values": [-1.0, *paired["values"][1:]]}), "mean": None}
    file.write_text(json.dumps(found))
    with pytest.raises(UsageError, match="a score is below zero"):
        reading.load(file)


@pytest.mark.parametrize(("asked", "fits"), [(1, False), (2, True), (3, True), (4, False)])
def test_of_a_sample_the_question_and_one_or_two_answers_are_kept(
    asked: int, fits: bool, tmp_path: Path
) -> None:
    file = written(tmp_path)
    found = json.loads(file.read_text())
    (benchmark,) = found["asked"]
    found["asked"][benchmark] = answers.pack({"s0": ["what?", "red", "blue", "green"][:asked]})
    file.write_text(json.dumps(found))
    if fits:
        assert reading.load(file).entries
    else:
        with pytest.raises(UsageError, match="a damaged baseline"):
            reading.load(file)


@pytest.mark.parametrize(("mean", "fits"), [(0.0, True), (0.0004, True), (90.0, False), (-0.1, False)])
def test_a_mean_is_that_of_its_values(mean: float, fits: bool, tmp_path: Path) -> None:
    if fits:
        assert reading.load(written(tmp_path, mean=mean)).entries
    else:
        with pytest.raises(UsageError, match=rf"its mean is said to be {mean:g}, which its values are not"):
            reading.load(written(tmp_path, mean=mean))


@pytest.mark.parametrize("where", ["file", "entry", "answers"])
def test_a_field_of_no_name_is_refused(where: str, tmp_path: Path) -> None:
    """It would be what a newer ipllvm counts, or a misspelt one that this one leaves out."""
    file = written(tmp_path)
    found = json.loads(file.read_text())
    (entry,) = found["entries"]
    if where == "answers":
        entry["paired"] = answers.pack({**unpacked(entry["paired"]), "vlaues": []})
    else:
        (found if where == "file" else entry)["vlaues"] = []
    file.write_text(json.dumps(found))
    with pytest.raises(UsageError, match="vlaues"):
        reading.load(file)
