"""Gates end to end on planted models: what is measured is compared, in other batches and workers too."""

import json
from pathlib import Path

import pytest

from ipllvm import cli
from ipllvm.tests.plugin.gates import agree, claims, last, lost, report
from ipllvm.tests.plugin.sessions import Session, properties, session

CHOSEN = ("-k", "invariance or image_use", "--benchmark=planted", "--samples=320", "--device=cpu")


def gate(folder: Path, model: str, *arguments: str) -> Session:
    return session(folder, *properties(*CHOSEN, f"--model=planted:{model}", *arguments))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a baseline of the invariant model is."""
    place = tmp_path_factory.mktemp("gate")
    assert gate(place, "invariant", "--save-baseline=first").status == 0
    return place


def test_a_worse_model_fails_even_where_its_own_claims_hold(folder: Path) -> None:
    done = gate(folder, "lossy,r=0.15", "--baseline=first", "--junitxml=junit.xml")
    assert done.status == 1
    found = claims(done)
    assert (found["permutation_invariance permutation"], found["image_use image_use"]) == ("HOLDS", "HOLDS")
    assert found["image_use regression:clean_score"] == "VIOLATED"
    assert "regression" in last(done).read_text() and "VIOLATED" in last(done).read_text()
    (row,) = [row for row in report(done)["results"] if row["claim"]["name"] == "regression:clean_score"]
    told = row["estimates"]["regression"]["extra"]["answers"]
    assert 0 < len(told) <= 20 and all(" before, " in line and "Which" in line for line in told)
    assert sorted(agree(done).values()) == ["failure", "failure", "passed", "passed", "passed"]


@pytest.mark.slow
def test_the_same_model_passes_in_other_batches_and_workers(folder: Path) -> None:
    done = gate(folder, "invariant", "--baseline=first", "--batch-size=7", "-n2", "--no-store")
    assert done.status == 0
    found = {name.partition("regression:")[2]: v for name, v in claims(done).items() if "regression:" in name}
    assert found.keys() >= {"permutation", "image_use", "clean_score"} and set(found.values()) == {"HOLDS"}
    assert "5 passed" in done.lines[-1] and "batch_size" not in done.output


@pytest.mark.slow
def test_what_the_baseline_violated_too_is_no_regression(tmp_path: Path) -> None:
    many = "--samples=600"
    assert gate(tmp_path, "positional", "--save-baseline=old", many).status == 1
    again = gate(tmp_path, "positional", "--baseline=old", many)
    assert again.status == 0
    found = claims(again)
    assert found["permutation_invariance permutation"] == "VIOLATED"
    assert found["permutation_invariance regression:permutation"] == "HOLDS"
    assert any("the exit status is the comparison's" in line for line in again.lines)
    audited = gate(tmp_path, "positional", "--baseline=old", many, "--draws=5", "--profile=audit")
    assert audited.status == 1, "an audit asks for the model's own claims too"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("--draws=2", "draws is 1 in the baseline and 2 in this run"),
        ("--samples=60", "260 samples are in the baseline alone"),
        ("--samples=400", "80 samples are in this run alone"),
        ("--seed=3", "seed is 0 in the baseline and 3 in this run"),
        ("--answer=likelihood", "answer is generate in the baseline and likelihood in this run"),
    ],
)
def test_unlike_runs_are_not_compared_and_nothing_is_measured_for_them(
    folder: Path, asked: str, why: str
) -> None:
    done = gate(folder, "invariant", "--baseline=first", asked)
    assert done.status == 7
    assert any(
        f"not compared image_use (image_use) on planted: {why}" in told for told in lost(done).values()
    )
    assert any(f"nothing can be compared: {why}" in told for told in lost(done).values())
    assert not claims(done)


@pytest.mark.slow
def test_an_audit_measures_its_own_claims_of_an_unlike_run_too(folder: Path) -> None:
    done = gate(folder, "invariant", "--baseline=first", "--draws=2", "--profile=audit")
    assert done.status == 7
    assert claims(done).keys() == {"permutation_invariance permutation", "image_use image_use"}


@pytest.mark.slow
def test_a_parameter_of_one_property_must_agree_for_it_alone(folder: Path) -> None:
    done = gate(folder, "invariant", "--baseline=first", "--permutation-scope=all")
    why = "permutation_scope is keep_newline in the baseline and all in this run"
    assert done.status == 7
    assert any(
        f"not compared permutation_invariance (permutation) on planted: {why}" in line
        for line in lost(done).values()
    )
    assert "image_use regression:image_use" in claims(done)


@pytest.mark.slow
@pytest.mark.parametrize(
    "rule",
    ["regression_margin = 50", 'kind = "observation"', "margin = 60", "alpha = 0.4"],
)
def test_the_candidate_does_not_set_the_rule(folder: Path, rule: str) -> None:
    (folder / "mine.toml").write_text(f"[image_use]\n{rule}\n")
    done = gate(folder, "lossy,r=0.15", "--baseline=first", "--claims=mine.toml", "--undecided=fail")
    name = rule.partition(" ")[0]
    assert done.status in (1, 7)
    assert any(f"the claim's {name} is " in why for why in lost(done).values())
    assert "image_use regression:image_use" not in claims(done)


def test_saved_reports_are_compared_offline(folder: Path) -> None:
    """The folder of a run is as good as a file of --save-baseline."""
    first, again = (
        str(folder / "reports" / "baselines" / "first.json"),
        gate(folder, "invariant", "--no-store"),
    )
    assert cli.main(["compare", first, str(last(again).parent)]) == 0
    assert cli.main(["compare", "first", "first", f"--report-dir={folder / 'reports'}"]) == 4, "one run twice"


@pytest.mark.slow
def test_a_budget_is_spent_once_a_checkpoint_and_kept_beside_the_baseline(folder: Path) -> None:
    budget = ("--baseline=first", "--budget=1 false alarm per 100 checkpoints", "--fail-on=worse")
    kept = folder / "reports" / "baselines" / "first.budget.json"
    for model, status, spent in (("invariant", 0, 1), ("invariant", 0, 1), ("lossy,r=0.3", 1, 2)):
        assert gate(folder, model, *budget).status == status
        found = json.loads(kept.read_text())["gates"]
        assert len(found) == spent
        assert {each["level"] for each in found} == {0.01}
    assert [each["alarm"] for each in found] == [False, True]
