"""The properties that set a model beside its own encoder: what they find, and when they are skipped."""

from pathlib import Path

import pytest

from ipllvm.tests.plugin.sessions import Session, properties, session

CHOSEN = ("-k", "retention or alignment", "--samples=16", "--device=cpu", "-rs")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Session:
    arguments = properties(*CHOSEN, "--report-only", "--offline")
    return session(tmp_path_factory.mktemp("measured"), *arguments)


@pytest.mark.slow
def test_both_are_measured_on_their_own_benchmarks(measured: Session) -> None:
    rows = {row["property"]: row for row in measured.report()["results"]}
    assert measured.status == 0
    assert {name: row["benchmark"] for name, row in rows.items()} == {
        "classification_retention": "objects",
        "alignment": "captions-mc",
    }
    assert all(estimate["n"] == 16 for row in rows.values() for estimate in row["estimates"].values())


@pytest.mark.slow
def test_what_was_compared_is_noted(measured: Session) -> None:
    rows = {row["property"]: row for row in measured.report()["results"]}
    retention, alignment = rows["classification_retention"], rows["alignment"]
    assert retention["settings"]["encoder"].startswith("clip-tiny@")
    assert {"clean", "encoder", "retention"} <= set(retention["estimates"])
    shown = [name for name in alignment["settings"] if name.endswith(" with lm-tiny")]
    assert shown == [f"{side} with lm-tiny" for side in ("encoder", "projector_input", "projector")]
    assert all("permuted" in alignment["settings"][name] for name in shown)


def test_a_model_whose_encoder_is_not_known_is_not_tested(tmp_path: Path) -> None:
    chosen = ("-k", "retention or alignment or image_use", *CHOSEN[2:], "--report-only")
    done = session(tmp_path, *properties(*chosen, "--model=planted:invariant"))
    reason = "no CLIP encoder is known that planted:invariant was built on; name one with --encoder"
    assert done.status == 0
    assert [row["reason"] for row in done.report()["not_tested"]] == [reason] * 2


def test_an_encoder_can_be_named(tmp_path: Path, checkpoints: tuple[Path, Path]) -> None:
    arguments = (f"--model={checkpoints[0]}", "--encoder=clip-tiny", "--report-only")
    done = session(tmp_path, *properties("-k", "retention", *CHOSEN[2:], *arguments))
    (row,) = done.report()["results"]
    assert row["estimates"]["encoder"]["value"] > 50
    assert row["estimates"]["clean"]["value"] == 0
    assert row["verdict"]["decision"] == "VIOLATED"
    assert row["settings"]["retention"].startswith("0.00 [")
    assert "--encoder=clip-tiny" in row["replay"]


def test_an_encoder_alone_keeps_all_of_its_recognition(tmp_path: Path) -> None:
    """Retention of a model by itself is 1; what it has no part for is told in every view, and no failure."""
    chosen = ("-k", "retention or permutation_invariance or layer_importance or option", "--samples=40")
    done = session(tmp_path, *properties(*chosen, "--model=clip-tiny", "--device=cpu", "-q"))
    report = done.report()
    (row,) = report["results"]
    assert done.status == 0
    assert (row["property"], row["benchmark"]) == ("classification_retention", "objects")
    assert row["settings"]["retention"] == "1.00 [1.00, 1.00]"
    reasons = {told["property"]: told["reason"] for told in report["not_tested"]}
    assert reasons["permutation_invariance"] == "clip-tiny has no visual tokens to perturb"
    assert reasons["layer_importance"] == "clip-tiny names classes: it has no decoder layers to perturb"
    assert reasons["option_order"].startswith("is measured on")
    (folder,) = (tmp_path / "reports").glob("*T*")
    for view in ("report.md", "report.html"):
        assert "it has no decoder layers to perturb" in (folder / view).read_text(encoding="utf-8")
    told = [line for line in done.lines if line.startswith("not tested ")]
    assert len(told) > 2
    assert all(any(row["property"] in line for line in told) for row in report["not_tested"])
