"""Mutants: what is changed in the weights, and a harmful and a harmless one through the gate."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import torch

from ipllvm.calibration import effects, models, mutants
from ipllvm.calibration.checkpoints import mutate
from ipllvm.models.loading import load
from ipllvm.models.sources import resolve
from ipllvm.records import Sample
from ipllvm.registry import BENCHMARKS
from ipllvm.tests.plugin.sessions import environment

SOURCE = resolve(models.MODEL)


@cache
def _sample() -> Sample:
    found: Sample = BENCHMARKS.load("scenes")(seed=0).samples[0]
    return found


def _logits(folder: Path) -> torch.Tensor:
    model, sample = load(str(folder), device="cpu"), _sample()
    with torch.inference_mode():
        prepared = model.prepare([sample.images[0].load()], sample.prompt)
        packed = model.pack(model.projected([prepared])[0], prepared)
        hidden, _ = model.decoder(model.embed(prepared, packed)[None])
        return model.logits(hidden[0, -1])


@pytest.fixture(scope="module")
def whole() -> torch.Tensor:
    return _logits(SOURCE)


@pytest.mark.parametrize("mutant", mutants.HARMLESS, ids=lambda mutant: mutant.__name__)
def test_a_harmless_change_leaves_the_logits(
    mutant: mutants.Mutant, whole: torch.Tensor, tmp_path: Path
) -> None:
    near = 0.5 if mutant is mutants.bfloat16 else 1e-3
    assert torch.allclose(_logits(mutate(SOURCE, mutant, tmp_path / "mutant")), whole, atol=near)


FAST = {
    mutants.projector_noise, mutants.layer_dropped, mutants.four_bits, mutants.tower_reset,
    mutants.other_feature_layer, mutants.wrong_normalisation, mutants.rope_base, mutants.template_changed,
}  # fmt: skip
"""One of each part of a checkpoint; the rest is in the slow tier."""
HARMFUL = [pytest.param(each, marks=() if each in FAST else pytest.mark.slow) for each in mutants.HARMFUL]


@pytest.mark.parametrize("mutant", HARMFUL, ids=lambda mutant: mutant.__name__)
def test_a_harmful_change_moves_the_logits(
    mutant: mutants.Mutant, whole: torch.Tensor, tmp_path: Path
) -> None:
    """By ten times what a harmless one may: the tower's table of positions is hardly read in this model."""
    moved = (_logits(mutate(SOURCE, mutant, tmp_path / "mutant")) - whole).abs().max()
    assert moved > 1e-2


@pytest.mark.slow
def test_the_gate_catches_a_damage_and_lets_a_permutation_pass(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    start = "import sys; from ipllvm.cli import main; sys.exit(main(sys.argv[1:]))"
    chosen = ["--only=tower_reset", "--only=heads_permuted", "--samples=60", "--workers=1", f"--json={file}"]
    done = subprocess.run(
        [sys.executable, "-c", start, "calibrate", "--mutants", *chosen],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(file.read_text())["mutants"]
    damaged, permuted = found["tower_reset"], found["heads_permuted"]
    assert damaged["right"] and "clean_score" in damaged["worse"] and damaged["status"] == 1
    assert permuted["right"] and {change["value"] for change in permuted["claims"].values()} == {0.0}
    assert done.stdout.splitlines()[-1].split()[0] in found


def change(value: float, reach: float) -> dict[str, float | str]:
    verdict = "VIOLATED" if value - reach > 2 else "HOLDS" if value + reach <= 2 else "UNDECIDED"
    return {"value": value, "low": value - reach, "high": value + reach, "margin": 2.0, "verdict": verdict}


def test_the_table_has_a_line_a_mutant_and_a_column_a_claim() -> None:
    row = {"refused": False, "right": True}
    gates = {
        "damaged": {**row, "claims": {"clean_score": change(9, 3), "permutation": change(-6, 3)}},
        "refused": {**row, "refused": True, "claims": {}},
        "missed": {**row, "right": False, "claims": {"clean_score": change(0.3, 1)}},
    }
    probes = {"damaged": {**row, "claims": {"occlusion": change(1, 4)}}}
    head, damaged, refused, missed = effects.table(gates, probes)
    assert head.split()[3:] == ["clean_score", "permutation", "occlusion"]
    assert damaged.split("  ")[0] == "damaged"
    assert (
        "9.0 [6.0, 12.0]*" in damaged
        and "-6.0 [-9.0, -3.0]*" in damaged
        and damaged.endswith("1.0 [-3.0, 5.0]")
    )
    assert refused.split() == ["refused", "refused"]
    assert "0.3 [-0.7, 1.3]" in missed and missed.endswith("WRONG")
