"""A gate end to end on planted models: a regression fails, the same model passes, as do other batches."""

import json
from pathlib import Path
from typing import Any

import pytest

from ipllvm import cli
from ipllvm.tests.plugin.sessions import Session, properties, session

CHOSEN = ("-k", "invariance or image_use", "--benchmark=planted", "--samples=320", "--device=cpu")


def gate(folder: Path, model: str, *arguments: str) -> Session:
    return session(folder, *properties(*CHOSEN, f"--model=planted:{model}", *arguments))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a baseline of the invariant model is, made by the first gate that found none."""
    place = tmp_path_factory.mktemp("gate")
    first = gate(place, "invariant", "--baseline=first")
    assert first.status == 0
    assert any("there was no baseline: this run is it now" in line for line in first.lines)
    assert "there was no baseline: this run is it now" in document(first)
    return place


def document(done: Session) -> str:
    """The last report.md in the folder, which is what gets posted."""
    path = max(done.folder.glob("reports/*/report.md"), key=lambda found: found.stat().st_mtime_ns)
    return path.read_text()


def claims(done: Session) -> dict[str, str]:
    """The verdicts of the last report in the folder."""
    return {row["claim"]["name"]: row["verdict"]["decision"] for row in results(done)}


def results(done: Session) -> list[dict[str, Any]]:
    """The results of the last report in the folder."""
    path = max(done.folder.glob("reports/*/report.json"), key=lambda found: found.stat().st_mtime_ns)
    found: list[dict[str, Any]] = json.loads(path.read_text())["results"]
    return found


def test_the_same_model_passes_in_other_batches_and_workers(folder: Path) -> None:
    done = gate(folder, "invariant", "--baseline=first", "--batch-size=7", "-n2", "--no-store")
    assert done.status == 0
    found = {name: verdict for name, verdict in claims(done).items() if name.startswith("regression:")}
    assert set(found) == {f"regression:{name}" for name in ("permutation", "image_use", "clean_score")}
    assert set(found.values()) == {"HOLDS"}


def test_a_worse_model_fails_even_where_its_own_claims_hold(folder: Path) -> None:
    done = gate(folder, "lossy,r=0.15", "--baseline=first")
    assert done.status == 1
    found = claims(done)
    assert (found["permutation"], found["image_use"]) == ("HOLDS", "HOLDS")
    assert found["regression:clean_score"] == "VIOLATED"
    assert "regression" in document(done) and "VIOLATED" in document(done)
    (row,) = [row for row in results(done) if row["claim"]["name"] == "regression:clean_score"]
    told = row["estimates"]["regression"]["extra"]["answers"]
    assert 0 < len(told) <= 20 and all(" then, " in line and "Which" in line for line in told)
    assert gate(folder, "lossy,r=0.15", "--baseline=first", "--report-only").status == 0


def test_what_the_baseline_violated_too_is_no_regression(tmp_path: Path) -> None:
    first, again = (gate(tmp_path, "positional", "--baseline=old", "--samples=600") for _ in range(2))
    assert (first.status, again.status) == (0, 0)
    found = claims(again)
    assert (found["permutation"], found["regression:permutation"]) == ("VIOLATED", "HOLDS")
    assert any("the exit status is the comparison's" in line for line in again.lines)
    audited = gate(tmp_path, "positional", "--baseline=old", "--samples=600", "--draws=5", "--profile=audit")
    assert audited.status == 1, "an audit asks for the model's own claims too"


def test_other_settings_are_not_compared(folder: Path) -> None:
    done = gate(folder, "invariant", "--baseline=first", "--draws=2")
    assert done.status == 7
    assert any("settings differ: draws 5 then, 2 now" in line for line in done.lines)
    assert "settings differ: draws 5 then, 2 now" in document(done)


def test_two_models_have_no_baseline(folder: Path) -> None:
    done = gate(folder, "invariant", "--model=planted:blind", "--baseline=first")
    assert done.status == 4
    assert "a baseline is of one model: give one --model" in done.output


def test_a_gate_that_measures_nothing_fails(folder: Path) -> None:
    """What was skipped is missing; and what is new fails as well."""
    chosen = ("-k", "option_order", "--benchmark=scenes", "--device=cpu", "--model=planted:invariant")
    done = session(folder, *properties(*chosen, "--baseline=first"))
    assert done.status == 1
    missing = [line for line in done.lines if line.startswith("missing ")]
    assert any("image_use (image_use) on planted: it is in the baseline" in line for line in missing)
    assert "missing image" in document(done)


def test_saved_reports_are_compared_offline(folder: Path) -> None:
    """The folder of a run is as good as a file of --save-baseline."""
    runs = sorted(folder.glob("reports/*/baseline.json"), key=lambda found: found.stat().st_mtime_ns)
    given = [str(run.parent) for run in runs[:1]]
    assert cli.main(["compare", str(folder / "reports" / "baselines" / "first.json"), *given]) == 0
