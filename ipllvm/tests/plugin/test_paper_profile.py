"""The paper's profile from end to end, on small copies of every benchmark in its true schema."""

import json
from pathlib import Path
from typing import Any

import pytest

from ipllvm.paper.cells import Measured, cells
from ipllvm.paper.parts import parts
from ipllvm.session.profiles import PUBLISHED, TABLE_1, TABLE_3
from ipllvm.tests.benchmarks.copies import as_jsonl, png
from ipllvm.tests.plugin.sessions import Session, properties, session

pytestmark = pytest.mark.slow
JUDGED = ("mmvet", "llavaw")
TOO_LONG = {("text_only_math", "gsm8k"), ("classification_retention", "country211")}
"""Eight worked examples, and 211 names of countries, are more than llava-tiny can read."""
Rows = dict[tuple[str, str], dict[str, Any]]
SETTINGS = (
    *("--profile=paper", "--protocol=paper", "--model=llava-tiny", "--draws=1", "--report-only"),
    *("--max-errors=0.99", "--language-model=lm-tiny", "--language-model=lm-tiny-b", "--offline"),
)


def _docci(folder: Path) -> None:
    """As many descriptions as neighbours are sought among."""
    (folder / "pictures").mkdir(parents=True)
    with (folder / "rows.jsonl").open("w") as lines:
        for number in range(14):
            (folder / f"pictures/{number}.png").write_bytes(png(11 * number))
            told = f"A long description of scene {number}, of {number % 3} goats. " * 8
            row = {"example_id": f"test_{number:05d}", "image": f"pictures/{number}.png", "description": told}
            lines.write(json.dumps(row) + "\n")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """One run of all of the paper's properties."""
    folder, data = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("data")
    for name in {each for names in PUBLISHED.values() for each in names}:
        _docci(data / name) if name == "docci" else as_jsonl(name, data / name)
    chosen = " or ".join(f"test_{name}" for name in PUBLISHED)
    arguments = properties("-k", chosen, "-m", "requirement or observation", *SETTINGS)
    return session(folder, *arguments, IPLLVM_DATA=str(data))


@pytest.fixture(scope="module")
def rows(done: Session) -> Rows:
    """Its results by property and benchmark."""
    report = done.report()
    names = {data["id"]: data["name"].partition("@")[0] for data in report["benchmarks"]}
    return {(row["property"], names[row["benchmark"]]): row for row in report["results"]}


def test_every_property_is_measured_on_its_own_sets_and_on_nothing_else(rows: Rows, done: Session) -> None:
    wanted = {(name, data) for name, sets in PUBLISHED.items() for data in sets if data not in JUDGED}
    assert set(rows) == wanted - TOO_LONG, done.output[-3000:]
    lost = done.report()["not_measured"]
    assert {(row["property"], row["benchmark"].partition("@")[0]) for row in lost} == TOO_LONG
    assert all("1,024 positions" in row["reason"] for row in lost)


def test_what_a_judge_has_to_grade_is_not_tested_with_what_to_do(done: Session) -> None:
    report = done.report()
    told = {
        (row["property"], row["benchmark"].partition("@")[0]): row["reason"] for row in report["not_tested"]
    }
    for name, sets in PUBLISHED.items():
        for data in set(sets) & set(JUDGED):
            assert "--judge=URL#MODEL" in told[name, data]
    assert "stands in where none" in told["permutation_invariance", "scenes"]


def test_scores_are_in_the_units_that_the_paper_prints(rows: Rows) -> None:
    mme = rows["permutation_invariance", "mme"]["estimates"]
    assert {"clean_points", "permuted_points"} <= mme.keys() and mme["clean_points"]["unit"].startswith(
        "points of"
    )
    assert {"clean_pairs", "permuted_pairs"} <= rows["permutation_invariance", "mmvp"]["estimates"].keys()
    for name in set(TABLE_3) - {"country211"}:
        found = rows["classification_retention", name]["estimates"]
        assert {"clean", "encoder", "clean_per_class", "encoder_per_class"} <= found.keys()


def test_frequencies_stand_with_both_denominators(rows: Rows) -> None:
    found = rows["synthetic_images", "mathvista"]["estimates"]
    for word in ("1", "no"):
        assert found[f"says_{word}_when_right"]["n"] <= found[f"says_{word}"]["n"]
    assert found["says_1"]["n"] > 0 and {"clip_i", "says_1_original"} <= found.keys()


def test_alignment_is_told_with_each_language_model(rows: Rows) -> None:
    found = rows["alignment", "docci"]["estimates"]
    for side in ("encoder", "projector_input", "projector"):
        assert {f"{side} with lm-tiny", f"{side} with lm-tiny-b"} <= found.keys()


def test_importance_has_its_best_and_its_mean_draw_and_modalities_their_share(rows: Rows) -> None:
    layers = {series["name"] for series in rows["layer_importance", "mmstar"]["series"]}
    assert {"importance_max", "importance_mean", "importance_min", "scores"} <= layers
    modality = rows["modality_importance", "mmstar"]
    assert "image_share" in {series["name"] for series in modality["series"]}
    assert "crossing" in modality["settings"]


def test_the_papers_page_is_filled_from_it(done: Session) -> None:
    measured = Measured.of([done.report()])
    table = list(cells(parts()["table1"], ["llava-tiny"], measured))
    filled = {cell.benchmark for cell in table if cell.value is not None}
    assert filled == set(TABLE_1) - set(JUDGED)
    judged = [cell for cell in table if cell.model == "llava-tiny" and cell.benchmark in JUDGED]
    assert judged and all("--judge" in cell.why for cell in judged)
