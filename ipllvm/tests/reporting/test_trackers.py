"""Exports of a report: numbers by name, trackers (made up here), a card that the hub's own reader takes."""

import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ipllvm.cli import main
from ipllvm.errors import UsageError
from ipllvm.records import Decision
from ipllvm.reporting import model_card, trackers
from ipllvm.reporting.measures import measures
from ipllvm.tests.reporting import reports


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a report of two results."""
    import json

    made = reports.report(
        reports.result(), reports.result(Decision.VIOLATED, "lost", p=1e-6, name="image_use")
    )
    (tmp_path / "report.json").write_text(json.dumps(made))
    return tmp_path


def fake(monkeypatch: pytest.MonkeyPatch, name: str, **attributes: Any) -> None:
    module = ModuleType(name)
    module.__dict__.update(attributes)
    monkeypatch.setitem(sys.modules, name, module)


def test_numbers_are_named_by_property_benchmark_and_quantity() -> None:
    made = reports.report(reports.result())
    assert measures(made, "llava-tiny") == {
        "permutation_invariance/easyvqa/performance_drop": 0.4,
        "permutation_invariance/easyvqa/low": -0.75,
        "permutation_invariance/easyvqa/high": 1.62,
        "permutation_invariance/easyvqa/clean": 95.3,
        "permutation_invariance/easyvqa/blank": 41.0,
        "permutation_invariance/easyvqa/violated": 0.0,
    }
    assert measures(made, "another") == {}


def test_no_claim_takes_the_place_of_another() -> None:
    """Two claims of one property, and the clean score that two properties compare."""
    made = reports.report(
        reports.result(Decision.VIOLATED),
        replace(reports.result(), claim=replace(reports.CLAIM, name="noise")),
        *(
            replace(
                reports.result(decision, name=name),
                claim=replace(reports.CLAIM, name="regression:clean_score"),
            )
            for name, decision in (("image_use", Decision.VIOLATED), ("occlusion", Decision.HOLDS))
        ),
    )
    found = measures(made, "llava-tiny")
    assert {name: value for name, value in found.items() if name.endswith("/violated")} == {
        "permutation_invariance.permutation/easyvqa/violated": 1.0,
        "permutation_invariance.noise/easyvqa/violated": 0.0,
        "regression_clean_score.image_use/easyvqa/violated": 1.0,
        "regression_clean_score.occlusion/easyvqa/violated": 0.0,
    }
    names = [name for name, *_ in model_card._scores(made)]
    assert "permutation_invariance.noise: performance_drop" in names and len(set(names)) == len(names)


def test_each_model_of_a_run_has_its_own_answer(tmp_path: Path) -> None:
    other = replace(reports.MODEL, name="other", fingerprint="ff" * 32)
    good = replace(reports.result(), model=other)
    made = reports.report(reports.result(Decision.VIOLATED), good)
    answers = [run.answer for run in trackers.tracked(made, tmp_path)]
    assert answers == ["No", "Nothing measured stands in the way"]


def test_nothing_stands_for_a_number_that_is_not_there() -> None:
    found = reports.unmeasured()
    made = reports.report(found)
    made["results"][0]["estimates"]["performance_drop"]["value"] = None
    numbers = measures(made, "llava-tiny")
    assert "dim/easyvqa/performance_drop" not in numbers
    assert all(math.isfinite(value) for value in numbers.values())


@pytest.mark.parametrize("name", ["trackio", "wandb"])
def test_a_run_is_opened_written_and_closed(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[Any] = []
    fake(
        monkeypatch,
        name,
        init=lambda **given: calls.append(given),
        log=calls.append,
        finish=lambda: calls.append("finished"),
    )
    assert main(["report", str(folder), "--log", name]) == 0
    assert capsys.readouterr().out == f"{name} project ipllvm, run llava-tiny {reports.RUN.id}\n"
    opened, numbers, closed = calls
    assert opened["config"]["answer"] == "No" and opened["config"]["fingerprint"] == reports.FINGERPRINT
    found = {
        name: numbers[f"{name}/easyvqa/performance_drop"] for name in ("image_use", "permutation_invariance")
    }
    assert found == {"image_use": 19.3, "permutation_invariance": 0.4} and closed == "finished"


def test_mlflow_has_numbers_parameters_and_the_pages(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: dict[str, Any] = {}

    class Started:
        info = SimpleNamespace(run_id="7")

        def __enter__(self) -> "Started":
            return self

        def __exit__(self, *_: object) -> None:
            calls["ended"] = True

    fake(
        monkeypatch,
        "mlflow",
        active_run=lambda: None,
        set_experiment=lambda name: calls.update(experiment=name),
        start_run=lambda **given: calls.update(given) or Started(),
        log_params=lambda given: calls.update(parameters=given),
        log_metrics=lambda given: calls.update(numbers=given),
        set_tag=lambda name, value: calls.update({name: value}),
        log_artifact=lambda file: calls.update(file=file),
        get_tracking_uri=lambda: "file:x",
    )
    assert main(["report", str(folder), "--log", "mlflow"]) == 0
    assert (calls["experiment"], calls["answer"], calls["ended"]) == ("ipllvm", "No", True)
    assert calls["parameters"]["benchmarks"] == "easyvqa" and calls["numbers"]
    assert calls["file"] == str(folder / "report.json")
    assert not (folder / "report.html").exists(), "--log alone writes no views"


@pytest.mark.parametrize("name", trackers.TRACKERS)
def test_a_package_that_is_not_here_is_named(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    assert main(["report", str(folder), "--log", name]) == 4
    assert f"--log {name}: needs the package" in capsys.readouterr().err


def test_a_tracker_that_takes_nothing_is_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def init(**_: Any) -> None:
        raise RuntimeError("no login\nrun wandb login")

    fake(monkeypatch, "wandb", init=init)
    assert main(["report", str(folder), "--log", "wandb"]) == 4
    assert "--log wandb: it took nothing: no login" in capsys.readouterr().err


def test_a_report_without_a_model_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    (tmp_path / "report.json").write_text(json.dumps(reports.report()))
    assert main(["report", str(tmp_path), "--log", "mlflow"]) == 4
    assert "has no model: nothing was measured" in capsys.readouterr().err


def test_an_unknown_tracker_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="4"):
        main(["report", str(folder), "--log", "sacred"])
    assert "invalid choice: 'sacred'" in capsys.readouterr().err


def test_the_hub_reads_the_card_back(folder: Path) -> None:
    from huggingface_hub import ModelCard

    assert main(["report", str(folder), "--model-card"]) == 0
    card = ModelCard.load(folder / "model-card" / "README.md")
    found = {
        (each.dataset_name, each.metric_name): each.metric_value for each in card.data.eval_results or ()
    }
    assert found == {
        ("easyvqa", "clean score"): 95.3,
        ("easyvqa", "permutation_invariance: performance_drop"): 0.4,
        ("easyvqa", "image_use: performance_drop"): 19.3,
    }
    assert "**1 of 2 requirements violated**; 1 holds" in card.text and "| VIOLATED |" in card.text
    assert not (folder / "model-card" / ".eval_results").exists(), "easyvqa is no data set of the hub"


def test_leaderboards_get_clean_scores_on_whole_published_sets() -> None:
    from huggingface_hub import parse_eval_result_entries

    made = reports.report(reports.result())
    made["benchmarks"][0] |= {"id": "gsm8k", "name": "gsm8k", "n": 1319, "total": 1319}
    made["results"][0]["estimates"]["clean"]["n"] = 1319
    made["results"][0]["benchmark"] = "gsm8k"
    entries = list(model_card._entries(made))
    assert [(each.dataset_id, each.value) for each in entries] == [("openai/gsm8k", 95.3)]
    import yaml  # type: ignore[import-untyped]

    assert parse_eval_result_entries(yaml.safe_load(model_card._yaml(entries))) == entries
    row = made["results"][0]
    for changed, name, value in ((row, "partial", True), (row["estimates"]["clean"], "n_error", 3)):
        before = changed[name]
        changed[name] = value
        assert list(model_card._entries(made)) == [], name
        changed[name] = before
    assert len(list(model_card._entries(made))) == 1
    made["benchmarks"][0]["n"] = 300
    assert list(model_card._entries(made)) == []


def test_a_card_is_of_one_model() -> None:
    with pytest.raises(UsageError, match="this report has 2"):
        model_card.write(reports.mixed(), Path())


def test_hostile_names_stay_cells() -> None:
    made = reports.report(reports.result(name="a|b\n## c"))
    row = next(line for line in model_card.section(made).splitlines() if line.startswith("| a"))
    assert row.count("|") == len(model_card.COLUMNS) + 1


def test_a_card_says_the_level_of_its_intervals() -> None:
    made = reports.report(reports.result())
    assert "| 90 % interval (95 % on each side) |" in model_card.section(made)
    made["results"][0]["claim"]["alpha"] = 0.01
    assert "| interval at the claim's own level, 99 % on each side |" in model_card.section(made)


@pytest.mark.parametrize("words", [[], ["--model-card"], ["--log", "tensorboard"]])
def test_what_is_made_of_an_audit_later_leaves_it_as_it_was(
    words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ipllvm.reporting import manifest

    audit = folder / "audit"
    audit.mkdir()
    (folder / "report.json").rename(audit / "report.json")
    manifest.write(audit, json.loads((audit / "report.json").read_text()), "ipllvm audit llava-tiny")
    writer = SimpleNamespace(add_scalar=lambda *_: None, add_text=lambda *_: None, close=lambda: None)
    monkeypatch.setattr(trackers, "summary_writer", lambda place: place.mkdir() or writer)
    monkeypatch.chdir(audit)
    assert main(["report", ".", *words]) == 0
    assert main(["verify", str(audit)]) == 0
    made = {path.name for path in (folder / "audit-later").iterdir()}
    assert {"model-card", "tensorboard", "report.html"} & made


@pytest.mark.parametrize("words", [["report", "--html", "page.html"], ["report", "--figures", "new/x"]])
def test_no_place_in_an_audit_is_taken(
    words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "manifest.json").write_text("damaged")
    monkeypatch.chdir(folder)
    assert main([words[0], str(folder), *words[1:]]) == 4
    assert "in the folder of an audit, which stays as it was written" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "report.json"]
    other = folder.parent / f"{folder.name}-other"
    other.mkdir(exist_ok=True)
    (other / "report.json").write_bytes((folder / "report.json").read_bytes())
    assert main([words[0], str(other), str(folder), *words[1:]]) == 4, "nor in that of the second run"


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    from ipllvm.reporting.schema import SCHEMA

    assert main(["report", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA
    assert main(["report"]) == 4
    assert "name a run" in capsys.readouterr().err
