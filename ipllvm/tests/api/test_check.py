"""`ipllvm.check` on models whose truth is known: by name and in memory, quiet, refused in one line."""

from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import ipllvm
from ipllvm.errors import NotMeasured, UnknownName, UsageError
from ipllvm.models.load_options import LoadOptions
from ipllvm.reporting import advice
from ipllvm.tests import checkpoints

PLANTED: dict[str, Any] = {"benchmarks": "planted", "samples": 200, "draws": 1, "properties": "permutation"}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("api")


@pytest.fixture(scope="module")
def dropped(places: Path) -> ipllvm.Report:
    """A model that loses more than the margin."""
    return ipllvm.check("planted:positional", report_dir=places / "dropped", **PLANTED)


def test_a_violated_claim_is_a_value(dropped: ipllvm.Report) -> None:
    found = dropped["permutation", "planted"]
    assert found is dropped["permutation_invariance"]
    assert found.verdict.decision is ipllvm.Decision.VIOLATED
    assert not dropped.ok and dropped.violated == (found,) and dropped.exit_status == 1
    with pytest.raises(ipllvm.ClaimViolated, match=r"permutation_invariance \(permutation\) on planted"):
        dropped.raise_for_violation()


def test_only_what_was_named_is_measured(dropped: ipllvm.Report) -> None:
    assert {each.property for each in dropped} == {"permutation_invariance"}
    assert dropped.data["passed_laws"] == []


def test_it_is_the_report_that_the_command_line_writes(dropped: ipllvm.Report) -> None:
    assert dropped.folder is not None
    again = ipllvm.read_report(dropped.folder)
    assert again.data == dropped.data and again.results == dropped.results
    assert (dropped.folder / "report.html").read_text() == dropped.to_html()
    assert (dropped.folder / "report.md").read_text() == dropped.to_markdown()


def test_its_command_is_the_call(dropped: ipllvm.Report, tmp_path: Path) -> None:
    """No path of the installation, and nothing of pytest's, which the caller did not type."""
    shown = dropped.data["run"]["command"]
    assert shown.startswith(
        'ipllvm.check("planted:positional", benchmarks="planted", samples=200, report_dir='
    )
    assert shown.endswith('dropped", properties="permutation", draws=1)')
    again = dropped.data["results"][0]["replay"]
    assert again.startswith('ipllvm.check("planted:positional", properties="permutation_invariance", ')
    few = ipllvm.check("planted:noisy", report_dir=tmp_path, **{**PLANTED, "samples": 10})
    (step,) = advice.steps(few.data)
    assert step.command.startswith("ipllvm.check(") and 'properties="permutation_invariance"' in step.command


def test_nothing_is_printed_unless_asked_for(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ipllvm.check("planted:invariant", report_dir=tmp_path, **{**PLANTED, "samples": 20})
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"samples": -3}, UsageError, "--samples -3: give a whole number of at least 1"),
        ({"properties": 5}, UsageError, "property: 5 is not a name: give a string, or several"),
        ({"properties": ["image_use", None]}, UsageError, "property: None is not a name"),
        ({"benchmarks": [5]}, UsageError, "benchmark: 5 is not a name"),
        ({"report_dir": None}, UsageError, "report_dir=None: give a text"),
        ({"report_dir": ""}, UsageError, "report_dir='': give a text"),
        ({"name": 5}, UsageError, "name=5: give a text"),
        ({"sample": 3}, UnknownName, "unknown option 'sample': did you mean 'samples'"),
        (
            {"properties": "permutatoin"},
            UsageError,
            "unknown property 'permutatoin': did you mean 'permutation'",
        ),
        ({"benchmarks": "scens"}, UsageError, "unknown benchmark 'scens': did you mean 'scenes'"),
        ({"model": "llava-tny"}, UsageError, "unknown model 'llava-tny': did you mean 'llava-tiny'"),
        ({"against": "release-9"}, UsageError, "no such baseline"),
        ({"processor": object()}, UsageError, "it is for a model in memory"),
        ({"properties": "alignment", "benchmarks": "planted"}, NotMeasured, "nothing was measured: "),
    ],
)
def test_what_can_not_be_asked_is_told_in_one_line(
    asked: dict[str, Any], error: type[Exception], words: str, tmp_path: Path
) -> None:
    given = {"model": "planted:invariant", "report_dir": tmp_path, **PLANTED, **asked}
    with pytest.raises(error) as raised:
        ipllvm.check(**given)
    assert words in str(raised.value) and "\n" not in str(raised.value)


def test_a_report_is_looked_into_by_name(dropped: ipllvm.Report) -> None:
    with pytest.raises(UnknownName, match="unknown benchmark 'scenes'"):
        dropped["permutation", "scenes"]
    with pytest.raises(UnknownName, match="unknown property 'occlusion'"):
        dropped["occlusion"]


def test_a_gate_from_python(places: Path, dropped: ipllvm.Report) -> None:
    whole = ipllvm.check("planted:invariant", report_dir=places / "whole", **PLANTED)
    assert whole.ok
    gated = ipllvm.check("planted:positional", report_dir=places / "gated", against=whole, **PLANTED)
    assert not gated.ok and gated.exit_status == 1
    assert gated["regression:permutation"].verdict.decision is ipllvm.Decision.VIOLATED
    compared = ipllvm.compare(whole, dropped)
    assert not compared.ok and compared.exit_status == 1
    with pytest.raises(ipllvm.ClaimViolated, match="permutation"):
        compared.raise_for_violation()
    with pytest.raises(UsageError, match="are one run, so that nothing would be compared"):
        ipllvm.compare(whole, whole)


def test_a_plan_reads_no_weights() -> None:
    found = ipllvm.plan("llava-tiny", properties="permutation", benchmarks="scenes", samples=20, draws=1)
    (test,) = found
    assert test.test == "test_permutation_invariance[llava-tiny-scenes]"
    assert found.trials == test.trials == 60
    assert "60 trials" in str(found)


@pytest.mark.slow
def test_a_plan_of_a_gate_that_can_not_compare_says_why(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"properties": "image_use", "benchmarks": "planted", "report_dir": tmp_path}
    ipllvm.check("planted:invariant", samples=60, save_baseline="first", **asked)
    assert ipllvm.plan("planted:invariant", samples=60, baseline="first", **asked).trials == 120
    with pytest.raises(NotMeasured, match="nothing can be compared: 20 samples are in the baseline alone"):
        ipllvm.plan("planted:invariant", samples=40, baseline="first", **asked)


def test_a_model_in_memory(tmp_path: Path) -> None:
    from transformers import AutoModelForImageTextToText, AutoProcessor

    folder = checkpoints.make("llava", tmp_path / "checkpoint")
    model: Any = AutoModelForImageTextToText.from_pretrained(folder).train()
    processor: Any = AutoProcessor.from_pretrained(folder)  # type: ignore[no-untyped-call]
    asked: dict[str, Any] = {"benchmarks": "scenes", "samples": 12, "draws": 1, "properties": "image_use"}
    mine = ipllvm.check(model, processor, name="mine", report_dir=tmp_path / "a", **asked)
    named = ipllvm.check(str(folder), report_dir=tmp_path / "b", **asked)
    assert mine["image_use"].model.name == "mine"
    assert mine["image_use"].estimates == named["image_use"].estimates
    assert model.training, "it is handed back as it was"
    with pytest.raises(UsageError, match="needs its processor"):
        ipllvm.check(model, report_dir=tmp_path)


@pytest.mark.parametrize("name", ["prompt", "device", "dtype", *(each.name for each in fields(LoadOptions))])
def test_how_a_model_is_loaded_is_refused_of_one_in_memory(name: str, tmp_path: Path) -> None:
    """Whatever option is added to those of loading: it would be told as a setting and do nothing."""
    held, other = SimpleNamespace(config=None), {"prompt": "original", "dtype": "bfloat16", "device": "cuda"}
    asked: dict[str, Any] = {name: other.get(name, "other")}
    with pytest.raises(UsageError, match=r"leave it out|merge it into the model in memory"):
        ipllvm.check(held, held, report_dir=tmp_path, **asked)


OWN = """
from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import performance_drop
from ipllvm.perturbations.permutation import Permutation
from ipllvm.records import Claim

CLAIM = Claim("mine", "performance_drop", "at_most", {margin}, "observation", "ours", "It costs little.")

def test_mine(evaluation):
    clean, permuted = evaluation.run(Permutation())
    seen = Shown({{"clean": clean, "permuted": permuted}})
    evaluation.check(CLAIM, performance_drop(clean, permuted), seen)
"""


def test_a_file_of_ones_own_is_read_as_it_is_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a notebook, whose process stays the same; what is wrong with it is said in a line."""
    monkeypatch.chdir(tmp_path)
    chosen: dict[str, Any] = {**PLANTED, "samples": 20, "report_only": True, "properties": "test_mine.py"}
    for margin in ("5.0", "17.0"):
        Path("test_mine.py").write_text(OWN.format(margin=margin), encoding="utf-8")
        (found,) = ipllvm.check("planted:invariant", report_dir=tmp_path, **chosen)
        assert (found.property, str(found.claim.margin)) == ("mine", margin)
    Path("test_mine.py").write_text("import nothing_of_this_name\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"not collected: .*No module named 'nothing_of_this_name'"):
        ipllvm.check("planted:invariant", report_dir=tmp_path, **chosen)
    for properties, line in (
        (["test_mine.py", "image_use"], "image_use: test_mine.py is run in place of the shipped"),
        ("test_gone.py", "--property test_gone.py: no such file"),
    ):
        with pytest.raises(UsageError, match=line):
            ipllvm.check("planted:invariant", **{**chosen, "properties": properties})
