"""The paper's own tables as data: they agree with themselves, and are found by a report's names."""

import pytest

from ipllvm.claims.tables import PrintedNumber, beside, language_models, paper_name, plots, shipped

MODELS = ["llava-1.5", "llava-next", "meteor", "llava-ov"]
DROPS = {
    "llava-1.5": (14.0, 1.8),
    "llava-next": (20.0, 4.3),
    "meteor": (16.0, 20.7),
    "llava-ov": (23.3, 24.8),
}


def _values(property: str, model: str, benchmark: str) -> dict[str, float | None]:
    return {figure.name: figure.value for figure in beside(property, model, benchmark)}


@pytest.mark.parametrize("model", MODELS)
def test_table_2_loses_what_it_says(model: str) -> None:
    mmvp, math = (_values("synthetic_images", model, name) for name in ("mmvp", "mathvista"))
    pairs = mmvp["clean_pairs"], mmvp["synthetic_pairs"]
    scores = math["clean"], math["synthetic"]
    lost = [before - after for before, after in (pairs, scores) if before is not None and after is not None]
    assert lost == pytest.approx(DROPS[model], abs=0.11)
    assert (mmvp["clip_i"], math["clip_i"]) == (0.84, 0.61)


def test_freq_stands_with_math_and_its_doubts() -> None:
    found = {f.name: f for f in beside("synthetic_images", "llava-1.5", "mathvista")}
    assert found["says_1_when_right"].value == 81.0
    assert "17 of 21" in found["says_1_when_right"].notes[0]
    assert "says_1_when_right" not in _values("synthetic_images", "llava-1.5", "mmvp")


@pytest.mark.parametrize("model", ["llava-1.5", "llava-next"])
def test_table_3_gives_its_averages(model: str) -> None:
    table = shipped("table3.toml")
    rows = [_values("classification_retention", model, name) for name in table["benchmarks"]]
    means = [sum(row[name] or 0 for row in rows) / len(rows) for name in ("encoder", "clean")]
    assert len(rows) == 7
    assert means == pytest.approx(table["averages"][model], abs=0.051)


def test_the_encoder_of_next_is_noted() -> None:
    found = beside("classification_retention", "llava-next", "pets")
    assert all("336 pixels" in figure.notes[0] for figure in found)


@pytest.mark.parametrize("model", ["llava-1.5", "llava-next", "llava-ov"])
@pytest.mark.parametrize("benchmark", ["mmvp", "qbench", "mmstar", "scienceqa", "chartqa", "ai2d"])
def test_table_1_holds_counts_of_right_answers(model: str, benchmark: str) -> None:
    """Both figures are k/n to two decimals, for the n that the file names."""
    n = shipped("table1.toml")["benchmarks"][benchmark]["n"]
    found = beside("permutation_invariance", model, benchmark)
    values = [figure.value for figure in found if figure.value is not None]
    assert len(values) == 2 and {figure.unit for figure in found} == {"percent"}
    for value in values:
        assert abs(100 * round(value * n / 100) / n - value) <= 0.0101


@pytest.mark.parametrize(
    ("model", "change"), [("llava-next", -2.71), ("llava-ov", -9.40), ("llava-1.5", 1.53)]
)
def test_table_1_gives_the_average_change(model: str, change: float) -> None:
    rows = shipped("table1.toml")["models"][model].values()
    assert len(rows) == 10
    assert sum(after - before for before, after in rows) / 10 == pytest.approx(change, abs=0.006)


def test_anomalies_stand_beside_the_figures() -> None:
    notes = {f.name: f.notes for f in beside("permutation_invariance", "llava-ov", "chartqa")}
    assert "987 samples" in notes["clean"][0] and "single run" in notes["permuted"][1]
    assert beside("permutation_invariance", "llava-ov", "mmstar")[0].notes == ()


def test_table_1_is_of_pairs_where_the_paper_counts_pairs() -> None:
    assert _values("permutation_invariance", "llava-1.5", "mmvp") == {
        "clean_pairs": 34.67,
        "permuted_pairs": 36.0,
    }
    assert _values("permutation_invariance", "llava-next", "chartqa") == {"clean": 66.06, "permuted": 34.55}
    equal = beside("permutation_invariance", "llava-next", "ai2d")
    assert all("Equal to two decimals" in figure.notes[0] for figure in equal)


@pytest.mark.parametrize(
    ("name", "key"),
    [("llava-1.5", "llava-1.5"), ("llava-v1.6-vicuna-7b-hf", "llava-next"), ("my-llava", None)],
)
def test_models_are_known_by_a_reports_names(name: str, key: str | None) -> None:
    assert paper_name(name) == key
    assert bool(beside("permutation_invariance", name, "mmvp")) == (key is not None)


def test_every_name_in_a_table_is_a_model() -> None:
    known = set(shipped("models.toml"))
    assert known == set(MODELS) == set(shipped("table2.toml")["models"])
    assert set(shipped("table1.toml")["models"]) | set(shipped("table3.toml")["clean"]) <= known
    assert {model for plot in plots() for model in plot.models} <= known


def test_figure_8_is_a_map_from_0_to_1_in_steps_of_125ths() -> None:
    (plot,) = (plot for plot in plots() if plot.values)
    flat = [value for row in plot.values for value in row]
    assert plot.where == "Fig. 8" and [len(row) for row in plot.values] == [6] * 6
    assert (min(flat), max(flat), flat.count(0.0), flat.count(1.0)) == (0.0, 1.0, 1, 1)
    assert all(value * 125 == pytest.approx(round(value * 125)) for value in flat)
    centre = [plot.values[row][column] for row in (2, 3) for column in (2, 3)]
    assert sum(centre) / 4 < sum(flat) / 36, "low in the centre, as its note says"


def test_a_plot_without_numbers_says_so() -> None:
    (figure,) = beside("text_only_math", "llava-ov", "gsm8k")
    assert isinstance(figure, PrintedNumber) and figure.value is None and figure.where == "Fig. 4"
    assert beside("text_only_math", "llava-ov", "word_problems") == ()
    assert [f.where for f in beside("modality_importance", "llava-1.5", "scenes")] == ["Fig. 9 right"]


def test_the_ten_language_models() -> None:
    found = language_models()
    assert len(found) == len(set(found.values())) == 10
    families = [name.split()[0] for name in found]
    assert [families.count(name) for name in ("BLOOM", "OLMo", "Gemma", "Vicuna-1.5")] == [5, 2, 2, 1]


def test_what_stands_in_a_table_goes_by_the_benchmarks_own_names_under_either_protocol() -> None:
    from ipllvm.benchmarks.definition import published

    assert all(published(name).name == name for name in shipped("table1.toml")["benchmarks"])
    found = beside("permutation_invariance", "llava-1.5", "mme@paper")
    assert [(f.name, f.value) for f in found] == [("clean_points", 1850.07), ("permuted_points", 1874.6)]
    (relative, _) = beside("permutation_invariance", "llava-1.5", "llavaw")
    assert (relative.name, relative.value) == ("clean_relative", 67.5)
