"""`ipllvm replay` on the report of a planted model."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ipllvm import cli
from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.perturbations import own
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Blank
from ipllvm.records import Result
from ipllvm.registry import PERTURBATIONS
from ipllvm.reporting import replays, report
from ipllvm.reporting.schema import row
from ipllvm.tests.evaluations import evaluation
from ipllvm.tests.reporting.reports import RUN

HALF = "planted:exact-drop,d=0.5"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder with the report of one property."""
    rows: list[Result] = []
    asked = evaluation(HALF, rows=rows)
    clean, blank, permuted = asked.run(Blank(), Permutation())
    shown = {"clean": clean, "blank": blank, "permuted": permuted}
    asked.check(
        "permutation", performance_drop(clean, permuted), Shown(shown), something_to_lose=gain(clean, blank)
    )
    run = replace(RUN, options={"models": [HALF]}, started=datetime(2025, 3, 1, tzinfo=UTC))
    made = report.build([report.entry(row(each), "t", "passed", "pytest t") for each in rows], run)
    place = tmp_path_factory.mktemp("reports") / "run"
    place.mkdir()
    replays.put(made, place)
    report.write(made, place)
    return place


def flips(folder: Path) -> list[dict[str, Any]]:
    found = json.loads((folder / "report.json").read_text())["results"][0]["flips"]
    assert len(found) > 5
    return list(found)


def replay(*arguments: str) -> int:
    return cli.main(["replay", *arguments, "--device=cpu"])


def test_the_first_flip_is_shown_with_its_pictures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flip = flips(folder)[0]
    assert replay(str(folder), "made_up") == 0
    said = capsys.readouterr().out
    shown = [flip["sample"], flip["prompt"].splitlines()[0], f"right answer: {flip['gold']}"]
    shown += [
        f"clean: '{flip['clean']}', read as '{flip['read'][0]}', score 1",
        f"{flip['perturbation']}, draw {flip['draw']}",
    ]
    assert [part for part in shown if part not in said] == []
    assert f"'{flip['perturbed']}', read as '{flip['read'][1]}', score 0" in said and flip["words"] in said
    clean, perturbed = sorted((folder / "replay").glob("*.png"))
    assert clean.name.endswith("-clean.png")
    pictures = [Image.open(path) for path in (clean, perturbed)]
    assert pictures[0].size == (448, 448) and pictures[0].tobytes() != pictures[1].tobytes()


def test_each_flips_own_command_shows_it_again(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shlex

    for flip in flips(folder)[1:4]:
        program, *arguments = shlex.split(flip["replay"])
        assert program == "ipllvm"
        assert cli.main([*arguments, f"--out={tmp_path}", "--device=cpu"]) == 0
        said = capsys.readouterr().out
        assert f"sample {flip['sample']}: " in said and f"draw {flip['draw']}: '{flip['perturbed']}'" in said


def test_a_sample_that_did_not_flip_can_be_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = {flip["sample"] for flip in flips(folder)}
    other = next(s.id for s in evaluation(HALF).benchmark.samples if s.id not in known)
    assert replay(str(folder), "made_up", other, "--draw=3") == 0
    assert "permutation(scope=keep_newline), draw 3" in capsys.readouterr().out


def test_an_answer_that_is_not_the_reports_is_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads((folder / "report.json").read_text())
    found["results"][0]["flips"][0]["perturbed"] = "something else"
    (tmp_path / "report.json").write_text(json.dumps(found))
    assert replay(str(tmp_path), "made_up") == 1
    assert "not as in the report, which has" in capsys.readouterr().out


def test_another_model_is_refused_unless_it_is_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = "--checkpoint=planted:invariant"
    assert replay(str(folder), "made_up", other) == 4
    refused = capsys.readouterr().err
    assert "in the report: give --checkpoint FOLDER, or --any-model" in refused
    assert len(refused.splitlines()) == 1
    assert replay(str(folder), "made_up", other, "--any-model") == 1
    assert capsys.readouterr().out.startswith("another model: ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["permutation"], "unknown property of the report 'permutation'"),
        (["made_up", "planted-0000"], "unknown sample of planted-10"),
        (["made_up", "--benchmark=scenes"], "unknown benchmark of the report 'scenes'"),
        (["made_up", "--perturbation=swap(1)"], "name a sample"),
        (["made_up", "planted-0", "--perturbation=swap(1)"], "unknown perturbation 'swap'"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert replay(str(folder), *arguments) == 4
    refused = capsys.readouterr().err
    assert told in refused and len(refused.splitlines()) == 1


def test_other_data_are_refused(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads((folder / "report.json").read_text())
    found["benchmarks"][0]["digest"] = "ab" * 32
    (tmp_path / "report.json").write_text(json.dumps(found))
    assert replay(str(tmp_path), "made_up") == 4
    assert "abababababab in the report: install the data" in capsys.readouterr().err


@pytest.mark.parametrize("seed", ["0", None, 1.5])
def test_a_seed_that_is_none_is_told_in_one_line(
    folder: Path, tmp_path: Path, seed: object, capsys: pytest.CaptureFixture[str]
) -> None:
    made = json.loads((folder / "report.json").read_text())
    made["results"][0]["settings"]["seed"] = seed
    (tmp_path / "report.json").write_text(json.dumps(made))
    assert replay(str(tmp_path), "made_up") == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert "the report's setting 'seed' is not a whole number" in line


OWN_FILE = """
from dataclasses import dataclass
from PIL import ImageOps
from ipllvm.perturbations.base import Base

@dataclass(frozen=True)
class Mirror(Base):
    name = "mirror_of_mine"
    times: int = 1

    def apply(self, value, layout, rng):
        return ImageOps.mirror(value)
"""


@pytest.fixture
def own_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of a perturbation that only a property file of the user's has; no name outlives the test."""
    monkeypatch.setattr("ipllvm.registry.PERTURBATIONS._lent", {})
    file = tmp_path / "test_mine.py"
    file.write_text(OWN_FILE)
    own.learn([file])
    rows: list[Result] = []
    asked = evaluation(HALF, rows=rows)
    clean, mirrored = asked.run(PERTURBATIONS.load("mirror_of_mine")())
    asked.check("permutation", performance_drop(clean, mirrored), Shown({"clean": clean, "mirror": mirrored}))
    run = replace(RUN, options={"models": [HALF]}, started=datetime(2025, 3, 1, tzinfo=UTC))
    made = report.build([report.entry(row(each), "t", "passed", "pytest t") for each in rows], run)
    replays.put(made, tmp_path, ["test_mine.py"])
    report.write(made, tmp_path)
    PERTURBATIONS._lent.clear()
    return tmp_path


def test_a_property_file_has_to_be_named_for_its_perturbation(
    own_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = evaluation(HALF).benchmark.samples[0].id
    trial = ["made_up", sample, "--perturbation=mirror_of_mine(times=1)"]
    assert replay(str(own_run), *trial) == 4
    refused = capsys.readouterr().err
    assert "give --property-file FILE, whose code is then run" in refused and len(refused.splitlines()) == 1
    assert replay(str(own_run), *trial, f"--property-file={own_run / 'test_mine.py'}") == 0
    assert "mirror_of_mine(times=1), draw 0: " in capsys.readouterr().out


def test_a_property_file_is_found_from_the_folder_of_the_run(
    own_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From where one stands upwards, never from the folder of a report that may be somebody else's."""
    sample, below = evaluation(HALF).benchmark.samples[0].id, own_run / "reports" / "run"
    trial = ["made_up", sample, "--perturbation=mirror_of_mine(times=1)", "--property-file=test_mine.py"]
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert replay("../..", *trial) == 0
    PERTURBATIONS._lent.clear()
    monkeypatch.chdir("/")
    assert replay(str(own_run), *trial) == 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1", "defines no perturbation"),
        ("raise RuntimeError('no\\nway')", "can't be run: RuntimeError: no"),
        (OWN_FILE.replace("mirror_of_mine", "blank"), "has the name of one that is there already"),
        (None, "no such property file"),
    ],
)
def test_a_property_file_that_is_none_is_refused_in_one_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, told: str
) -> None:
    file = tmp_path / "test_mine.py"
    if text is not None:
        file.write_text(text)
    assert replay(str(folder), "made_up", f"--property-file={file}") == 4
    refused = capsys.readouterr().err
    assert told in refused and len(refused.splitlines()) == 1


def test_the_command_of_a_trial_names_the_property_files() -> None:
    row = {"property": "p", "benchmark": "scenes", "model": "m"}
    line = replays.command(Path("r"), row, {"sample": "s", "perturbation": "m", "draw": 0}, files=["a b.py"])
    assert line.endswith(" '--property-file=a b.py'")
