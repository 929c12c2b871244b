"""A report folder that is changed while it is written to: what was measured is scored, or nothing is."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ipllvm.engine.store.outcomes import Store
from ipllvm.errors import NotMeasured
from ipllvm.evaluation.evaluation import Evaluation
from ipllvm.perturbations.permutation import Permutation
from ipllvm.records import Scores
from ipllvm.tests.evaluations import evaluation

MODEL = "planted:exact-drop,d=0.5"
SIZE, BATCH = 24, 4


def rename(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def damage(folder: Path) -> None:
    for file in folder.glob("*.sqlite"):
        file.write_bytes(b"nonsense" * 999)


VANDALS: dict[str, Callable[[Path], object]] = {
    "renamed": rename,
    "deleted": shutil.rmtree,
    "damaged": damage,
}


def measured(
    folder: Path, vandal: Callable[[Path], object], at: int
) -> tuple[Evaluation, tuple[Scores, ...]]:
    """Scores of a run whose folder is vandalised once, when so many trials are done."""
    asked = evaluation(MODEL, SIZE)
    asked.settings = type(asked.settings)(draws=2, report_only=True, batch_size=BATCH)
    waiting = [vandal]

    def progress(done: int, total: int) -> None:
        if done >= at and waiting:
            waiting.pop()(folder)

    store = Store(folder)
    vars(asked).update(_memory=store.view, _progress=progress)
    try:
        return asked, asked.run(Permutation())
    finally:
        store.close()


@pytest.fixture(scope="module")
def undisturbed() -> list[Any]:
    """The scores where nobody touches the folder."""
    return [scores.values.tolist() for scores in evaluation(MODEL, SIZE).run(Permutation())]


@pytest.mark.parametrize("at", [BATCH, SIZE // 2, SIZE, 2 * SIZE, 3 * SIZE])
@pytest.mark.parametrize("vandal", VANDALS.values(), ids=VANDALS)
def test_all_that_was_measured_is_scored_or_it_is_told(
    tmp_path: Path, undisturbed: list[Any], vandal: Callable[[Path], object], at: int
) -> None:
    try:
        _, scores = measured(tmp_path / "outcomes", vandal, at)
    except NotMeasured as error:
        assert "lost" in str(error)
    else:
        assert [s.values.tolist() for s in scores] == undisturbed


def test_a_folder_that_is_renamed_before_the_end_loses_nothing(tmp_path: Path) -> None:
    _, scores = measured(tmp_path / "outcomes", rename, SIZE)
    assert [len(s.samples) for s in scores] == [SIZE, SIZE]
