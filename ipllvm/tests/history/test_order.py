"""The order of checkpoints and the label of each, whatever they are called and however they are given."""

import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from ipllvm.errors import UsageError
from ipllvm.gate.baseline import Baseline, dumps
from ipllvm.history.checkpoints import CheckpointRun, checkpoints, ordered, require_different
from ipllvm.tests.gate import test_altered
from ipllvm.tests.gate.test_baseline import NOTHING, WORSE, baseline
from ipllvm.tests.reporting import reports


def named(*names: str, times: Iterable[str] = itertools.repeat("")) -> list[CheckpointRun]:
    return [
        CheckpointRun(name, name, when, None, None, None) for name, when in zip(names, times, strict=False)
    ]


def labels(found: Sequence[CheckpointRun]) -> list[str]:
    return [each.label for each in found]


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("step", ["step-9", "step-10", "step-0100"]),
        ("step", ["a7b-2", "a7b-10"]),
        ("auto", ["m-100k", "m-250k", "m-1000k"]),
        ("auto", ["model-v1-step٣", "model-v1-step40"]),
        ("tag", ["v1", "v1.0", "v1.9-rc2", "v1.10", "v10", "w1"]),
        ("tag", ["", "2024-09-30", "2024-10-01", "main"]),
        ("tag", ["ä1", "ä2", "ä10"]),
    ],
)
def test_the_order_is_the_same_however_they_are_given(by: str, names: list[str]) -> None:
    for given in itertools.islice(itertools.permutations(names), 24):
        assert labels(ordered(named(*given), by)) == names


def test_the_step_is_that_of_the_model_before_that_of_its_label() -> None:
    """A baseline's name may end in the day on which it was saved."""
    found = [
        CheckpointRun("saved-9", "run/step-1", "", None, None, None),
        CheckpointRun("saved-1", "run/step-2", "", None, None, None),
        CheckpointRun("run-3", "mine", "", None, None, None),
    ]
    assert labels(ordered(found[::-1], "step")) == ["saved-9", "saved-1", "run-3"]


@pytest.mark.parametrize("names", [["a", "b-1"], ["a-1", "b-1"], ["base", "tuned"]])
def test_without_steps_of_their_own_the_time_decides_and_by_step_is_refused(names: list[str]) -> None:
    found = named(*names, times=["2025-02-01 00:00", "2025-01-01 00:00"])
    assert labels(ordered(found, "auto")) == labels(ordered(found, "time")) == names[::-1]
    with pytest.raises(UsageError) as error:
        ordered(found, "step")
    assert str(error.value) == (
        "--by=step: the names of the models do not end in a step of their own: --by=time"
    )


def test_the_order_given_is_kept_and_equal_times_too() -> None:
    found = named("c-3", "a-1", "b-2", times=itertools.repeat("2025-01-01 10:00"))
    assert labels(ordered(found, "given")) == labels(ordered(found, "time")) == ["c-3", "a-1", "b-2"]
    assert ordered([], "auto") == ordered([], "given") == []


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["m", "m", "m"], ["m", "m (2)", "m (3)"]),
        (["m (2)", "m", "m"], ["m (2)", "m", "m (3)"]),
        (["m", "m", "m (2)"], ["m", "m (3)", "m (2)"]),
        (["m", "m (2)", "m", "m (2)"], ["m", "m (2)", "m (3)", "m (2) (2)"]),
        (["a", "b"], ["a", "b"]),
    ],
)
def test_every_label_stands_for_one_checkpoint(names: list[str], told: list[str]) -> None:
    """Also beside a file that was saved as "m (2).json": two points under one label would be one."""
    assert labels(ordered(named(*names), "given")) == told


def runs(*baselines: Baseline | None) -> list[CheckpointRun]:
    return [
        CheckpointRun(f"r{number}", f"r{number}", "2025-01-01 10:00" if number else "", None, found, None)
        for number, found in enumerate(baselines)
    ]


def test_one_run_named_twice_is_told_by_its_places() -> None:
    began = {"started": "2025-01-01T10:00:00Z"}
    one, other = Baseline(began, baseline(NOTHING).entries), Baseline(began, baseline(WORSE).entries)
    require_different(runs(one, other, None, None))
    require_different(runs(baseline(NOTHING), baseline(NOTHING)))  # logs do not say when they began
    require_different([])
    with pytest.raises(UsageError) as error:
        require_different(runs(one, other, Baseline(began, baseline(NOTHING).entries)))
    assert str(error.value) == (
        "history: runs 1 and 3 of 3 (r2, 2025-01-01 10:00) are one run: name each once"
    )


def test_a_run_is_the_same_by_its_name_and_by_its_folder(tmp_path: Path) -> None:
    """By its name it was the baseline in its folder, called "baseline", without page and verdicts."""
    folder = tmp_path / "reports" / "2026-11-28T09-04-20Z-277b89"
    folder.mkdir(parents=True)
    made = reports.report(reports.result())
    (folder / "report.json").write_text(json.dumps(made))
    about = {"started": made["run"]["started"], "model": made["models"][0]}
    (folder / "baseline.json").write_text(dumps(about, test_altered.made(0)[1:]))
    found = [*checkpoints(folder.name, folder.parent)]
    assert found == [*checkpoints(str(folder), folder.parent)]
    assert [each.label for each in found] == ["llava-tiny"] and found[0].report is not None


def test_a_name_that_nothing_has_is_one_line(tmp_path: Path) -> None:
    for name in ("nothing", "no\nnew\x1b[31mline", "latest"):
        with pytest.raises(UsageError) as error:
            list(checkpoints(name, tmp_path))
        assert len(str(error.value).splitlines()) == 1 and "\x1b" not in str(error.value)
