"""Planted models through the whole pipeline: the verdict and the interval find what was planted."""

from pathlib import Path

import pytest

from ipllvm.tests.plugin.sessions import properties, session

SETTINGS = ("-k", "invariance or image_use", "--benchmark=planted", "--samples=200", "--device=cpu")


DECIDED = {
    "planted:invariant": ("HOLDS", "HOLDS"),
    "planted:exact-drop,d=0.2": ("VIOLATED", "HOLDS"),
    "planted:blind": ("UNDECIDED", "VIOLATED"),
}
"""Whether permuted tokens change nothing, and whether the picture is used."""


def test_the_verdict_is_the_planted_one(tmp_path: Path) -> None:
    models = [f"--model={name}" for name in DECIDED]
    report = session(tmp_path, *properties(*SETTINGS, *models, "--report-only")).report()
    rows = {(row["model"], row["property"]): row for row in report["results"]}
    for name, decided in DECIDED.items():
        found = [rows[name, asked] for asked in ("permutation_invariance", "image_use")]
        assert tuple(row["verdict"]["decision"] for row in found) == decided
    estimates = rows["planted:exact-drop,d=0.2", "permutation_invariance"]["estimates"]
    drop, clean = estimates["performance_drop"], estimates["clean"]["value"]
    assert drop["low"] <= 0.2 * clean <= drop["high"]


def test_a_model_that_ignores_the_options_follows_their_letters(tmp_path: Path) -> None:
    """A planted model reads its letter from the picture, in whatever order the prompt has the options."""
    chosen = ("-k", "option_order", "--benchmark=planted", "--samples=100", "--device=cpu")
    found = session(tmp_path, *properties(*chosen, "--model=planted:invariant", "--report-only"))
    (row,) = found.report()["results"]
    numbers = {name: estimate["value"] for name, estimate in row["estimates"].items()}
    assert row["verdict"]["decision"] == "HOLDS"
    assert numbers["performance_drop"] == numbers["clean"] > 80
    assert (numbers["same_letter"], numbers["same_option"], numbers["every_order"]) == (100, 0, 0)


def test_answers_by_likelihood_have_a_second_row_in_probabilities(tmp_path: Path) -> None:
    """A planted model is nearly certain, so that both rows come to the same; the claim's own one decides."""
    chosen = (
        "-k",
        "permutation",
        "--benchmark=planted",
        "--samples=60",
        "--device=cpu",
        "--answer=likelihood",
    )
    found = session(tmp_path, *properties(*chosen, "--model=planted:exact-drop,d=0.2", "--report-only"))
    row = next(row for row in found.report()["results"] if row["property"] == "permutation_invariance")
    first, second = (row["estimates"][f"performance_drop{suffix}"] for suffix in ("", "_probability"))
    assert second["value"] == pytest.approx(first["value"], abs=0.01) and first["value"] > 5
    assert second["n"] == 60 and "another estimand than the claim's" in second["method"]


def test_the_best_draw_is_asked_for_in_a_claims_file(tmp_path: Path) -> None:
    """Noise at the first layer breaks right answers, whatever its strength."""
    claims = tmp_path / "mine.toml"
    claims.write_text("[layer_importance]\nagg = 'max'\n", encoding="utf-8")
    chosen = ("-k", "layer_importance", "--benchmark=planted", "--samples=40", "--draws=2", "--device=cpu")
    model = "--model=planted:layer-l,layer=0,d=0.9"
    found = session(tmp_path, *properties(*chosen, model, "--report-only", f"--claims={claims}"))
    (row,) = found.report()["results"]
    lowest = row["estimates"]["lowest_quarter"]
    assert row["claim"]["agg"] == "max" and lowest["value"] > 20
    assert lowest["method"].endswith(", cross-fitted max over draws")


def test_word_problems_are_asked_without_a_picture_and_of_no_other_property(tmp_path: Path) -> None:
    """A planted model names letters, so that it solves none; what needs pictures is not tested."""
    chosen = ("--benchmark=word_problems", "--samples=400", "--device=cpu", "--model=planted:invariant")
    found = session(tmp_path, *properties(*chosen))
    assert found.status == 0
    report = found.report()
    (row,) = report["results"]
    assert (row["property"], row["verdict"]["decision"]) == ("text_only_math", "VIOLATED")
    assert row["estimates"]["solved"]["value"] == 0
    assert row["estimates"]["visual"]["n"] == 400
    reasons = {skipped["property"]: skipped["reason"] for skipped in report["not_tested"]}
    assert reasons["image_use"] == reasons["permutation_identity"] == "the benchmark has no pictures"
    assert reasons["option_order"] == "is measured on scenes-mc, charts-mc, easyvqa-mc, mmvp, planted"


def test_a_run_of_which_nothing_fits_says_why_once(tmp_path: Path) -> None:
    chosen = ("-k", "resolution or orientation", "--benchmark=word_problems", "--samples=20", "--device=cpu")
    done = session(tmp_path, *properties(*chosen, "--model=planted:invariant"))
    (line,) = (line for line in done.output.splitlines() if line.startswith("not tested: "))
    assert {"orientation", "resolution"} == set(line.split(": ")[1].split(";")[0].split(", "))
    assert line.endswith("; planted:invariant; word_problems: the benchmark has no pictures")


@pytest.mark.slow
def test_a_violation_stays_one_where_a_plugin_calls_its_test_again(tmp_path: Path) -> None:
    """What the second call measured is no test that was cut short, which would decide nothing: status 0."""
    chosen = ("-k", "permutation_invariance", "--benchmark=planted", "--samples=60", "--device=cpu")
    again = ("-p", "ipllvm.tests.plugin.called_again", "--model=planted:exact-drop,d=0.3")
    found = session(tmp_path, *properties(*again, *chosen))
    (row,) = found.report()["results"]
    assert found.status == found.report()["run"]["exit_status"] == 1, found.output
    assert row["standing"]["decision"] == "VIOLATED" and not row["partial"]
    assert "not measured to the end" not in found.output


def test_a_plugin_that_wants_the_fixture_benchmark_for_itself_ends_nothing(tmp_path: Path) -> None:
    chosen = ("-k", "permutation_invariance", "--benchmark=planted", "--samples=20", "--device=cpu")
    beside = ("-p", "ipllvm.tests.plugin.own_benchmark", "--model=planted:invariant", "--report-only")
    found = session(tmp_path, *properties(*beside, *chosen))
    assert found.status == 0 and "INTERNALERROR" not in found.output, found.output
    assert len(found.report()["results"]) == 1
