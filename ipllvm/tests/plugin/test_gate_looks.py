"""Sequential gates end to end: a session stops at the look that shows it, and says so."""

from pathlib import Path

import pytest

from ipllvm import cli
from ipllvm.tests.plugin.gates import agree, claims, last, report
from ipllvm.tests.plugin.sessions import Session, properties, session

CHOSEN = ("-k", "image_use", "--benchmark=planted", "--samples=600", "--device=cpu", "--no-store")
LOOKS = ("--sequential", "--evidence=looks", "--baseline=first")


def gate(folder: Path, model: str, *arguments: str) -> Session:
    return session(folder, *properties(*CHOSEN, f"--model=planted:{model}", *arguments))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a baseline of the invariant model is."""
    place = tmp_path_factory.mktemp("gate_looks")
    assert gate(place, "invariant", "--save-baseline=first").status == 0
    return place


def compared(done: Session) -> dict[str, dict[str, object]]:
    rows = report(done)["results"]
    return {
        row["claim"]["name"]: {"n": row["estimates"]["regression"]["n"], "why": row["verdict"]["reason"]}
        for row in rows
        if row["claim"]["name"].startswith("regression:")
    }


def test_a_worse_model_is_stopped_at_the_first_look(folder: Path) -> None:
    done = gate(folder, "lossy,r=0.3", *LOOKS, "--junitxml=junit.xml")
    assert done.status == 1
    found = compared(done)["regression:clean_score"]
    assert found["n"] == 100 and "look 1 of 600 planned samples" in str(found["why"])
    assert claims(done)["image_use regression:clean_score"] == "VIOLATED"
    assert "regression:all_answers" not in compared(done), "all answers stopped at no look of their own"
    assert sorted(agree(done).values()) == ["failure", "failure", "passed"]
    baseline = str(folder / "reports" / "baselines" / "first.json")
    assert cli.main(["compare", baseline, str(last(done).parent)]) == 1, "what was kept says the same"


@pytest.mark.slow
def test_an_unchanged_model_passes_before_all_is_asked(folder: Path) -> None:
    done = gate(folder, "invariant", *LOOKS, "--undecided=fail", "--fail-on=worse")
    assert done.status == 0
    assert {str(row["n"]) for row in compared(done).values()} == {"500"}, (
        "what seeing is worth has twice the range"
    )
    assert set(claims(done).values()) == {"HOLDS"}


def test_a_gate_by_bets_is_refused_in_one_line(tmp_path: Path) -> None:
    done = gate(tmp_path, "invariant", "--sequential", "--baseline=first")
    assert done.status == 4
    assert "ERROR: --sequential: a gate has planned looks; give --evidence looks too" in done.output


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked", [LOOKS, ("--baseline=first", "--plan"), ("--baseline=first", "--plan", "-m", "regression")]
)
def test_fewer_samples_than_the_baseline_has_are_told_before_anything_is_asked(
    folder: Path, asked: tuple[str, ...]
) -> None:
    """A gate by looks asked them all first, a plan said nothing, and with -m regression it chose no test."""
    done = gate(folder, "invariant", "--samples=500", *asked)
    assert done.status == 7
    assert (
        "nothing was measured, as nothing can be compared: 100 samples are in the baseline alone"
        in done.output
    )
    assert "trials" not in done.output


@pytest.mark.slow
def test_a_plan_of_a_gate_plans_what_its_comparisons_need(folder: Path) -> None:
    done = gate(folder, "invariant", "--baseline=first", "--plan", "-m", "regression")
    assert done.status == 0 and "3 skipped" in done.lines[-1]
    assert sum("trials" in line for line in done.lines) == 2, "the property, and all of it"
