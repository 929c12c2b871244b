"""The timed ways give the same answers; the figures say what was timed."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import LlavaForConditionalGeneration

from ipllvm import cli
from ipllvm.artifacts import Artifacts, saliency
from ipllvm.benchmarks import scenes
from ipllvm.engine.plan import Plan
from ipllvm.models.loading import load
from ipllvm.models.prompting import CHECKPOINT, render
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Clean
from ipllvm.speed import device_checks, synthetic
from ipllvm.speed.measure import Bench, table
from ipllvm.speed.shapes import IMAGE, SHAPES
from ipllvm.speed.workloads import Workload, workloads


@pytest.fixture(scope="module")
def bench() -> Bench:
    model = load("llava-tiny", device="cpu")
    assert isinstance(model, TransformersModel)
    return Bench(model, Artifacts({"saliency": saliency.load()}), 8)


def _plan(*perturbations: Any, limit: int = 6, draws: int = 2) -> Plan:
    return Plan(scenes.short().samples[:4], (Clean(), *perturbations), draws, 0, limit)


def test_generate_and_the_engine_answer_alike(bench: Bench) -> None:
    noises = [LayerNoise(layer, "keskar", 0.3) for layer in (0, 3)]
    found = bench.time(Workload("some", _plan(Permutation(), *noises)))
    assert (found.trials, found.different) == (4 * 7, 0)
    assert found.compared >= 24
    assert min(found.alone, found.batched, found.engine) > 0
    assert 0 < found.floor < found.linear and found.memory > 0
    assert 0 <= found.acceptance <= 1
    assert found.row()["times_alone"] == pytest.approx(found.engine / found.alone)
    assert "some" in table([found.row()])[1]


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_drafts_are_accepted_as_told_and_answers_do_not_end(bench: Bench, share: float) -> None:
    stops = bench.model.stop_tokens
    found = bench.time(Workload("long", _plan(Permutation(), limit=12, draws=1), share))
    assert found.acceptance == pytest.approx(share, abs=1 / 12)
    assert found.different == 0
    assert bench.model.stop_tokens == stops


@pytest.mark.slow  # the same command on a true shape is in the fast tier
def test_the_command_writes_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "speed.json"
    asked = ["--samples", "4", "--only", "permutation", "--device", "cpu", "--json", str(path)]
    assert cli.main(["speed", *asked]) == 0
    written = json.loads(path.read_text())
    (row,) = written["rows"]
    assert written["batch_size"] >= 1 and written["prefill"]["rate"] > 0
    assert row["name"] == "permutation" and row["different"] == 0
    assert "permutation" in capsys.readouterr().out


def test_a_true_shape_without_a_checkpoint_is_timed_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures, picture = tmp_path / "speed.json", tmp_path / "costs.svg"
    asked = ["--synthetic", "tiny", "--samples", "4", "--only", "permutation", "--device", "cpu"]
    assert cli.main(["speed", *asked, "--json", str(figures), "--plot", str(picture)]) == 0
    written = json.loads(figures.read_text())
    assert written["model"] == "synthetic tiny" and written["rows"][0]["different"] == 0
    assert {cost["axis"] for cost in written["costs"]} == {"draws", "samples", "groups"}
    assert all(cost["engine"] > 0 for cost in written["costs"])
    spent = {cost["axis"]: cost["generate"] / cost["trials"] for cost in written["costs"]}
    own = 1 / written["rows"][0]["batched"]
    assert (spent["draws"], spent["samples"]) == pytest.approx((own, own))
    assert spent["groups"] != pytest.approx(own), "groups are those of another workload"
    assert picture.read_text(encoding="utf-8").count("seconds") == 1
    assert "of a large matrix product" in capsys.readouterr().out


def test_what_was_timed_stays_where_memory_or_a_check_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*given: Any) -> Any:
        raise torch.OutOfMemoryError("no memory\nand advice")

    monkeypatch.setattr(Bench, "time", fails)
    monkeypatch.setattr(device_checks, "checked", fails)
    asked = ["--synthetic", "tiny", "--samples", "4", "--only", "occlusion", "--device", "cpu"]
    assert cli.main(["speed", *asked, "--batch-size", "4", "--checks", str(tmp_path)]) != 0
    (file,) = tmp_path.iterdir()
    written = json.loads(file.read_text())
    assert written["rows"] == [] and written["prefill"]["rate"] > 0 and "checks" not in written
    assert "occlusion: not timed: no memory\n" in capsys.readouterr().out


VISUAL = {
    "tiny": 64,
    "llava-1.5-7b": 576,
    "llava_next-small": 576 + 24 * 25,
    "llava_onevision-small": 729 + 27 * 29,
    "qwen2_vl-small": 256,
}


@pytest.mark.parametrize("name", VISUAL)
def test_a_synthetic_prompt_has_the_tokens_of_its_shape(name: str) -> None:
    shape = SHAPES[name]
    asked = synthetic.fitted(scenes.short(), name)
    processor = synthetic.processor(shape)
    sample = asked.samples[0]
    text = render(processor, sample.prompt, CHECKPOINT, "<image>")
    fields = processor(
        images=[sample.images[0].load()], text=text, return_tensors="pt", add_special_tokens=False
    )
    visual = int((fields["input_ids"] == IMAGE).sum())
    assert visual == VISUAL[name]
    assert fields["input_ids"].shape[1] - visual == shape.text == 64


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_long_answers_of_random_weights_are_foretold_whatever_the_digits(dtype: torch.dtype) -> None:
    model = synthetic.make("tiny", torch.device("cpu"), dtype)
    asked = synthetic.fitted(scenes.short(), "tiny")
    chosen = [each for each in workloads(model, asked, 4, 4, "none") if each.acceptance is not None]
    ends = [parameter.clone() for parameter in synthetic.ends(model)]
    bench = Bench(model, Artifacts({}), 4, 0.5, random=True)
    found = {each.acceptance: bench.time(each) for each in chosen}
    assert all(timing.acceptance == pytest.approx(share, abs=0.01) for share, timing in found.items())
    assert not any(timing.different for timing in found.values())
    assert all(map(torch.equal, ends, synthetic.ends(model))), "weights are as before"


def test_a_workload_is_cut_to_samples_first_and_then_to_perturbations_at_equal_distances() -> None:
    noises = [LayerNoise(layer, "keskar", 0.3) for layer in range(6)]
    plan = _plan(*noises, draws=1)
    assert len(Workload("some", plan).cut(24).plan.samples) == 4
    cut = Workload("some", plan).cut(6).plan
    assert (len(cut.samples), cut.perturbations) == (2, (Clean(), noises[0], noises[2], noises[4]))
    assert Workload("some", plan).cut(1000).plan == plan


def test_the_7b_shape_has_the_parameters_of_the_7b_model() -> None:
    with torch.device("meta"):
        model = LlavaForConditionalGeneration(SHAPES["llava-1.5-7b"].config())
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(7.063e9, rel=0.001)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--samples", "1"], "--samples 1: give at least 4"),
        (["--batch-size", "-1"], "--batch-size -1: give at least 1"),
        (["--batch-size", "0"], "--batch-size 0: give at least 1"),
        (["--json", "/nonexistent/x.json"], "--json /nonexistent/x.json: can't be written"),
        (["--plot", "/nonexistent/x.svg"], "--plot /nonexistent/x.svg: can't be written"),
        (["--json", "/"], "--json /: can't be written"),
        (["--only", "nothing"], "no such workload: permutation"),
        (["--plot", "costs.pdf"], "--plot costs.pdf: give a name that ends in .svg or .png"),
        (["--synthetic", "tny"], "did you mean 'tiny'"),
        (["--synthetic", "tiny,tny"], "did you mean 'tiny'"),
        (["--synthetic", ","], "unknown synthetic model ''"),
        (["--synthetic", "tiny,"], "unknown synthetic model ''"),
        (["--seconds", "inf"], "--seconds inf: give more than 0"),
        (["--seconds", "nan"], "--seconds nan: give more than 0"),
        (["--synthetic", "tiny", "--verdict"], "--verdict goes without --synthetic"),
        (["--verdict", "--growth"], "--verdict goes without --growth"),
        (["--synthetic", "tiny", "--model", "m"], "--synthetic goes without --model"),
        (["--growth", "--model", "m"], "--growth goes without --model"),
        (["--property", "image_use"], "--property goes with --verdict alone"),
        (["--synthetic", "tiny", "--profile=paper"], "--profile goes with --verdict alone"),
        (["--growth", "--evidence=bets"], "--evidence goes with --verdict alone"),
        (["--growth", "--checks", "/"], "--growth goes without --checks"),
        (["--verdict", "--plot", "x.svg"], "--verdict goes without --plot"),
        (["--model", "planted:invariant"], "only models of transformers can be timed"),
        (["--model", "llava-tny"], "did you mean 'llava-tiny'"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["speed", *arguments]) == 4
    assert line in capsys.readouterr().err.splitlines()[-1]
