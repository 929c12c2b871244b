"""Baselines: what is kept comes back, pairs are by sample, unlike settings are refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ipllvm import baselines, claims, cli
from ipllvm.baselines import Baseline, Entry, compare, dumps, load, of
from ipllvm.errors import UsageError
from ipllvm.records import Contrast, Decision
from ipllvm.tests.reporting import reports

CLAIM = claims.load()["permutation"]
SAMPLES = tuple(f"s{i}" for i in range(400))


def rows(values: Any, **settings: Any) -> list[dict[str, Any]]:
    """What a baseline keeps of a drop with these values."""
    found = np.asarray(values, dtype=float)
    ids = SAMPLES[: len(found)]
    contrast = Contrast("performance_drop", found, tuple(f"c{s}" for s in ids), samples=ids)
    made = replace(reports.result(), claim=CLAIM, paired=((CLAIM, contrast),))
    return baselines.rows(replace(made, settings={**made.settings, **settings}))


def baseline(values: Any, **settings: Any) -> Baseline:
    return of({}, rows(values, **settings))


NOTHING = np.zeros(400)
WORSE = np.where(np.arange(400) < 60, 1.0, 0.0)


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "first.json"
    path.write_text(dumps({"model": "m"}, rows(WORSE)))
    assert load(path) == Baseline({"model": "m"}, baseline(WORSE).entries)


def test_a_weighted_contrast_stays_one(tmp_path: Path) -> None:
    weighted = [{**row, "weighted": True} for row in rows(WORSE)]
    path = tmp_path / "first.json"
    path.write_text(dumps({}, weighted))
    (old,), (new,) = load(path).entries.values(), of({}, weighted).entries.values()
    assert baselines.difference(old, new)[0].weighted
    before = [{name: value for name, value in row.items() if name != "weighted"} for row in weighted]
    assert not of({}, before).entries[old.key].weighted


def test_the_same_run_is_no_regression() -> None:
    gate = compare(baseline(WORSE), baseline(WORSE), "baseline x")
    (change,) = gate.changes
    assert (gate.status, gate.undecided, change.flipped) == (0, False, ())
    assert change.verdict.decision is Decision.HOLDS
    assert change.estimate.value == 0
    assert change.claim.name == "regression:permutation" and not change.claim.primary


def test_a_regression_is_violated_and_names_its_samples() -> None:
    gate = compare(baseline(NOTHING), baseline(WORSE), "baseline x")
    (change,) = gate.changes
    assert gate.status == 1
    assert change.verdict.decision is Decision.VIOLATED
    assert change.flipped == SAMPLES[:60]
    assert change.estimate.value == pytest.approx(15)


def test_an_improvement_says_so() -> None:
    gate = compare(baseline(WORSE), baseline(NOTHING), "baseline x")
    assert gate.status == 0
    assert [line for line in gate.lines() if "refresh the baseline" in line]


def test_a_claim_that_wants_much_is_worse_when_there_is_less() -> None:
    def gained(values: Any) -> Baseline:
        return of({}, [{**row, "claim": {**row["claim"], "direction": "at_least"}} for row in rows(values)])

    assert compare(gained(WORSE), gained(NOTHING), "b").status == 1
    assert compare(gained(NOTHING), gained(WORSE), "b").status == 0


def test_samples_are_paired_by_id_whatever_their_order() -> None:
    first = baseline(WORSE)
    ((key, entry),) = first.entries.items()
    turned = replace(
        entry, samples=entry.samples[::-1], clusters=entry.clusters[::-1], values=entry.values[::-1]
    )
    gate = compare(first, Baseline({}, {key: turned}), "b")
    assert gate.changes[0].flipped == ()


def test_samples_that_one_run_lacks_are_counted_as_missing() -> None:
    gate = compare(baseline(NOTHING), baseline(NOTHING[:300]), "b")
    (change,) = gate.changes
    assert (change.estimate.n, change.estimate.n_error) == (300, 100)
    assert change.verdict.decision is Decision.UNDECIDED
    assert gate.undecided


@pytest.mark.parametrize("name", ["draws", "seed", "scope", "prompt", "answer", "noise", "max_new_tokens"])
def test_unlike_settings_are_refused(name: str) -> None:
    gate = compare(baseline(NOTHING, **{name: 1}), baseline(NOTHING, **{name: 2}), "b")
    assert (gate.changes, gate.status) == ((), 7)
    (line,) = gate.lines()
    assert f"settings differ: {name} 1 then, 2 now" in line


@pytest.mark.parametrize("name", ["batch_size", "self_check", "perturbations"])
def test_what_does_not_matter_is_not_looked_at(name: str) -> None:
    gate = compare(baseline(NOTHING, **{name: "1"}), baseline(NOTHING, **{name: "2"}), "b")
    assert gate.status == 0


def test_missing_and_new_entries_fail_and_are_told() -> None:
    other = of({}, [{**row, "benchmark": "moon"} for row in rows(NOTHING)])
    gate = compare(baseline(NOTHING), other, "b")
    assert gate.status == 1
    told = list(gate.lines())
    assert [line.split()[0] for line in told] == ["missing", "new"]


def test_an_observation_never_fails_a_gate() -> None:
    def observed(values: Any) -> Baseline:
        return of({}, [{**row, "claim": {**row["claim"], "kind": "observation"}} for row in rows(values)])

    gate = compare(observed(NOTHING), observed(WORSE), "b")
    assert gate.changes[0].verdict.decision is Decision.VIOLATED
    assert gate.status == 0


def test_no_samples_are_undecided_and_no_number() -> None:
    gate = compare(baseline([]), baseline([]), "b")
    (change,) = gate.changes
    assert change.estimate.value is None
    assert change.verdict.decision is Decision.UNDECIDED


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "not a baseline"),
        ("{}", "not a baseline of schema"),
        ('{"schema": "ipllvm-baseline/1", "entries": [{}]}', "damaged baseline"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=line):
        load(path)
    with pytest.raises(UsageError, match="can't read"):
        load(tmp_path / "none.json")


@pytest.mark.parametrize("form", ["table", "markdown", "json"])
def test_compare_prints_and_has_the_gates_status(
    tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, values in (("a", NOTHING), ("b", WORSE)):
        (tmp_path / f"{name}.json").write_text(dumps({}, rows(values)))
    files = [str(tmp_path / f"{name}.json") for name in "ab"]
    assert cli.main(["compare", *files, "--format", form]) == 1
    shown = capsys.readouterr().out
    assert "VIOLATED" in shown and "15.0" in shown
    assert cli.main(["compare", files[0], files[0], "--format", form]) == 0


def test_entries_know_their_mean() -> None:
    (entry,) = baseline(WORSE).entries.values()
    assert isinstance(entry, Entry)
    assert entry.mean == pytest.approx(15)
