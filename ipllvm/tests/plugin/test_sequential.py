"""--sequential and --family-wise from the command line, on planted models."""

from pathlib import Path

import pytest

from ipllvm.tests.plugin.sessions import properties, session

CHOSEN = ("-k", "invariance or image_use", "--benchmark=planted-2", "--samples=200", "--device=cpu")
MODEL = "--model=planted:exact-drop,d=0.3"


@pytest.mark.slow
def test_claims_stop_apart_also_under_xdist(tmp_path: Path) -> None:
    done = session(tmp_path, *properties(*CHOSEN, MODEL, "--sequential", "--report-only", "--draws=2", "-n2"))
    assert done.status == 0
    rows = {row["property"]: row for row in done.report()["results"]}
    told = {name: row["estimates"][row["claim"]["quantity"]] for name, row in rows.items()}
    assert rows["permutation_invariance"]["verdict"]["decision"] == "VIOLATED"
    assert rows["image_use"]["verdict"]["decision"] == "HOLDS"
    assert told["image_use"]["n"] <= told["permutation_invariance"]["n"] < 200
    assert all(each["extra"]["sequential"]["stopped_early"] for each in told.values())


def test_family_wise_shares_alpha_among_the_requirements_selected(tmp_path: Path) -> None:
    done = session(tmp_path, *properties(*CHOSEN, MODEL, "--family-wise", "--report-only", "--draws=1"))
    rows = done.report()["results"]
    assert [(row["claim"]["alpha"], row["settings"]["family_wise"]) for row in rows] == [(0.025, 2)] * 2
    (family,) = done.report()["multiplicity"]["families"]
    assert family["k"] == 2 and all(claim["stands"] for claim in family["claims"])
    (said,) = done.report()["statements"]
    assert (said["name"], said["decision"]) == ("fit_for_release", "VIOLATED")
    assert "permutation on planted-2" in said["reason"]


def test_a_part_of_a_benchmark_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    """Of 98 unchanged samples of 1,500 the other 1,402 may be anything."""
    asked = ("-k", "permutation_invariance", "--benchmark=planted", "--sequential", "--target=benchmark")
    found = session(
        tmp_path, *properties(*asked, "--model=planted:invariant", "--samples=100", "--device=cpu")
    )
    assert found.status != 0 and not found.report()["results"], found.output
    assert "100 of 1,500 samples of planted are planned" in " ".join(found.output.split())
    assert "give --samples=1500, or leave --target out" in " ".join(found.output.split())
