"""The gate to copy: few lines of steps, which do not pass for lack of samples or of a baseline."""

import shlex

import yaml  # type: ignore[import-untyped]

from ipllvm.gate import reading
from ipllvm.models import checkpoint, sources
from ipllvm.registry import BENCHMARKS
from ipllvm.tests.plugin.sessions import ROOT

FILE = ROOT / ".github" / "workflows" / "gate-example.yml"
BASELINE = ROOT / "reports" / "baselines" / "llava-tiny.json"


def test_the_gate_to_copy_is_short_and_posts_what_it_found() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert len(text.partition("    steps:\n")[2].splitlines()) <= 11
    steps = yaml.safe_load(text)["jobs"]["gate"]["steps"]
    *_, gate = (step["run"] for step in steps if "run" in step)
    assert {f"--baseline={BASELINE.stem}", "--undecided=fail"} < set(shlex.split(gate))
    assert not any("baseline-if-missing" in word for word in shlex.split(gate))
    assert steps[-1]["if"] == "always()"


def test_its_baseline_is_of_the_model_and_the_data_that_are_here() -> None:
    kept = reading.load(BASELINE)
    assert {key[1:] for key in kept.entries} == {("image_use", "scenes"), ("clean_score", "scenes")}
    found = checkpoint.inspect(sources.resolve("llava-tiny"))
    assert kept.about["model"]["fingerprint"] == found.fingerprint()
    data = BENCHMARKS.load("scenes")(seed=0)
    for entry in kept.entries.values():
        assert entry.settings["digest"] == data.digest
        assert set(entry.samples) == {sample.id for sample in data.samples}
