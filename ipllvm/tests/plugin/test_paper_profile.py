"""The paper's profile from end to end, on small copies of every benchmark in its true schema."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from ipllvm.paper.cells import cells
from ipllvm.paper.measured import Measured
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
    *("--max-errors=0.99", "--language-model=lm-tiny", "--language-model=lm-tiny-b"),
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
def judge() -> Iterator[str]:
    """An endpoint that gives MM-Vet half a point, LLaVA-W 8 points for the reference and 6, MMVP yes."""

    def serve(request: Request) -> Response:
        asked = request.get_data(as_text=True)
        short = json.loads(asked)["max_tokens"] < 100
        points = "yes" if "only yes or no" in asked else "8 6\nThe first says more."
        message = {"content": "0.5" if short else points}
        return Response(json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}))

    with HTTPServer(threaded=True) as server:
        server.expect_request("/v1/models").respond_with_data("{}")
        server.expect_request("/v1/chat/completions").respond_with_handler(serve)
        yield f"{server.url_for('/v1')}#fair"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small copy of every set that the paper measures on."""
    folder = tmp_path_factory.mktemp("data")
    for name in {each for names in PUBLISHED.values() for each in names}:
        _docci(folder / name) if name == "docci" else as_jsonl(name, folder / name)
    return folder


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, data: Path, judge: str) -> Session:
    """One run of all of the paper's properties."""
    chosen = " or ".join(f"test_{name}" for name in PUBLISHED)
    arguments = properties("-k", chosen, "-m", "requirement or observation", f"--judge={judge}", *SETTINGS)
    return session(tmp_path_factory.mktemp("run"), *arguments, IPLLVM_DATA=str(data))


@pytest.fixture(scope="module")
def rows(done: Session) -> Rows:
    """Its results by property and benchmark."""
    report = done.report()
    names = {data["id"]: data["name"].partition("@")[0] for data in report["benchmarks"]}
    return {(row["property"], names[row["benchmark"]]): row for row in report["results"]}


def test_every_property_is_measured_on_its_own_sets_and_on_nothing_else(rows: Rows, done: Session) -> None:
    wanted = {(name, data) for name, sets in PUBLISHED.items() for data in sets}
    assert set(rows) == wanted - TOO_LONG, done.output[-3000:]
    lost = done.report()["not_measured"]
    assert {(row["property"], row["benchmark"].partition("@")[0]) for row in lost} == TOO_LONG
    assert all("1,024 positions" in row["reason"] for row in lost)


def test_what_a_judge_has_to_grade_is_not_tested_without_one(tmp_path: Path, data: Path) -> None:
    found = session(
        tmp_path,
        *properties("-k", "test_visual_token_importance or test_layer_importance", *SETTINGS),
        IPLLVM_DATA=str(data),
    )
    told = {row["benchmark"].partition("@")[0]: row["reason"] for row in found.report()["not_tested"]}
    assert "--judge=URL#MODEL" in told["mmvet"]
    assert "stands in where none" in told["scenes"]


def test_judged_scores_are_the_judges(rows: Rows) -> None:
    for name in ("permutation_invariance", "patch_shuffle", "visual_token_importance", "image_use"):
        found = rows[name, "mmvet"]
        assert found["estimates"]["clean"]["value"] == 50.0 and found["settings"]["judge"].endswith("#fair")
    found = rows["permutation_invariance", "llavaw"]["estimates"]
    assert found["clean"]["value"] == 60.0
    assert found["clean_relative"]["value"] is None, "one picture is too few for a ratio"
    assert rows["permutation_invariance", "mmvp"]["estimates"]["clean_pairs"]["value"] == 100.0


def test_scores_stand_by_the_benchmarks_own_categories(rows: Rows) -> None:
    for name, axis in {"mmstar": "category", "mmvet": "capability", "mathvista": "answer_type"}.items():
        found = [
            each for each in rows["image_use", name]["estimates"] if each.startswith(f"clean, {axis} = ")
        ]
        assert found, rows["image_use", name]["estimates"].keys()


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
    assert filled == {*TABLE_1, "Avg."} - {"llavaw"}
    kinds = {(cell.label, cell.benchmark) for cell in table if cell.value is not None}
    assert {("Δ", name) for name in filled - {"mme"}} <= kinds, "so few answers make no interval in points"
    labels = {cell.label for cell in cells(parts()["categories"], ["llava-tiny"], measured)}
    assert {"as it is", "blank picture"} < labels and any(label.startswith("category = ") for label in labels)
