"""`--plan`: what would be run and its cost, without weights and without a report."""

from pathlib import Path

from ipllvm.tests.plugin.sessions import properties, session


def test_a_plan_counts_and_runs_nothing(tmp_path: Path) -> None:
    chosen = ("-k", "permutation or patch_information or layer_importance", "--benchmark=scenes")
    done = session(
        tmp_path, *properties(*chosen, "--model=llava-tiny", "--samples=10", "--draws=2", "--plan")
    )
    assert done.status == 0
    assert "loading" not in done.output
    assert not list(tmp_path.rglob("report.json"))
    told = {line.partition("[")[0]: line for line in done.lines if "forward passes" in line}
    assert "40 trials, 40 forward passes, " in told["test_permutation_invariance"]
    assert "140 trials" in told["test_layer_importance"]
    assert "(naively 180)" in told["test_patch_information"]
    assert any(line.startswith("all of it: 360 trials") for line in done.lines)
    assert any("minutes and 0.0 GB of weights on" in line for line in done.lines)
