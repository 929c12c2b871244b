"""Synthetic images through the whole pipeline, with the embedded captioner and generator."""

from pathlib import Path

import pytest

from ipllvm.tests.plugin.sessions import Session, fresh, properties, session

CHOSEN = ("-k", "synthetic", "--samples=12", "--device=cpu", "--report-only", "--offline")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Session:
    arguments = properties(*CHOSEN, "--benchmark=scenes", "--captioner=llava-next-tiny")
    return fresh(tmp_path_factory.mktemp("measured"), *arguments)  # --offline is read where hubs are imported


@pytest.mark.slow
def test_likeness_and_stock_answers_stand_beside_the_loss(measured: Session) -> None:
    (row,) = measured.report()["results"]
    estimates = row["estimates"]
    assert 50 < estimates["clip_i"]["value"] <= 100
    assert {"clean", "blank", "synthetic", "says_1", "says_no", "says_no_when_right"} <= set(estimates)
    assert row["settings"]["synthetic"].startswith("renderer version 1, captions by llava-next-tiny ")


@pytest.mark.slow
def test_captions_are_not_asked_for_twice(measured: Session) -> None:
    assert "llava-next-tiny captions scenes: 12 of 12 trials" in measured.output
    again = session(
        measured.folder, *properties(*CHOSEN, "--benchmark=scenes", "--captioner=llava-next-tiny")
    )
    assert "llava-next-tiny captions scenes: 12 of 12 trials, all known" in again.output


def test_pictures_that_no_caption_tells_of_decide_nothing(tmp_path: Path) -> None:
    chosen = ("--model=planted:invariant", "--benchmark=planted", "--captioner=planted:invariant")
    done = session(tmp_path, *properties(*CHOSEN, *chosen))
    (row,) = done.report()["results"]
    assert row["verdict"]["decision"] == "UNDECIDED"
    assert "could not be drawn; another generator may: --generator sdxl-lightning" in row["verdict"]["reason"]
    assert "clip_i" not in row["estimates"]
