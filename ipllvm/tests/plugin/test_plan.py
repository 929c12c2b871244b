"""`--plan`: what would be run and its cost, without weights and without a report."""

import re
from pathlib import Path

import pytest

from ipllvm import cli
from ipllvm.tests import forks
from ipllvm.tests.plugin.sessions import environment, properties, session


def test_a_plan_counts_and_runs_nothing(tmp_path: Path) -> None:
    chosen = ("-k", "permutation or patch_information or layer_importance", "--benchmark=scenes")
    done = session(
        tmp_path, *properties(*chosen, "--model=llava-tiny", "--samples=10", "--draws=2", "--plan")
    )
    assert done.status == 0
    assert "loading" not in done.output
    assert not list(tmp_path.rglob("report.json"))
    told = {line.partition("[")[0]: line for line in done.lines if "forward passes" in line}
    assert "40 trials, 40 forward passes, " in told["test_permutation_invariance"], "a picture a question"
    assert "140 trials" in told["test_layer_importance"]
    assert "(naively 180)" in told["test_patch_information"]
    assert any(line.startswith("all of it: 360 trials") for line in done.lines)
    power_line = "  permutation: minimum detectable effect 25.38 points at n = 10: HOLDS if"
    assert any(line.startswith(power_line) for line in done.lines)
    assert any(re.match(r"about \d+ (s|min) on cpu.*; what is known ", x) for x in done.lines)
    assert any(
        re.match(r"memory: 18 MB of weights, \d+ MB for the largest batch, with ", x) for x in done.lines
    )


def test_a_repetition_is_planned_too(tmp_path: Path) -> None:
    chosen = ("-k", "image_use", "--benchmark=scenes", "--model=llava-tiny", "--samples=10", "--plan")
    found = [session(tmp_path, *properties(*chosen, *more)) for more in ((), ("--noise-floor",))]
    lines = [next(line for line in each.lines if line.startswith("all of it: ")) for each in found]
    assert [line.partition(" trials")[0] for line in lines] == ["all of it: 20", "all of it: 40"]


WORDED = "wording or caption or other_picture or second_picture or hallucination or math or occlusion"


@pytest.mark.slow
def test_all_that_a_property_asks_is_planned(tmp_path: Path) -> None:
    """Also what it asks about questions put in another way, other pictures, and a curve beside its claim."""
    data = [f"--benchmark={name}" for name in ("easyvqa", "word_problems")]
    chosen = (*properties("-k", WORDED, "--model=llava-tiny", "--samples=24", "--report-only"), *data)
    told = re.findall(r"(test_\w+)\[\S+: ([\d,]+) trials", session(tmp_path, *chosen, "--plan").output)
    rows = session(tmp_path, *chosen).report()["results"]
    planned = {name.removeprefix("test_"): int(trials.replace(",", "")) for name, trials in told}
    assert len(planned) == 7 and {row["property"]: row["trials"] for row in rows} == planned


ROOT = Path(__file__).parents[3]


def test_the_command_passes_pytests_arguments_on() -> None:
    arguments = ["-k", "image_use", "--benchmark=planted", "--model=planted:invariant", "--samples=5"]
    status, printed = forks.Command("ipllvm", ["plan", *arguments], ROOT, environment(ROOT)).end()
    assert status == 0, printed
    assert "all of it: 10 trials" in printed


def test_other_commands_refuse_what_they_do_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="4"):
        cli.main(["store", "info", "--nonsense"])
    assert "unrecognized arguments: --nonsense" in capsys.readouterr().err
