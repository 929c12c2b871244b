"""What `make gpu-check` asks of a device, here with small shapes: on a CPU too, so that it is exercised.

On a machine with a GPU (`--device=cuda`) these are the checks themselves.
"""

import json
from pathlib import Path

import pytest
import torch

from ipllvm.benchmarks import scenes
from ipllvm.models.devices import choose_device
from ipllvm.session.outcomes import OPTIONS
from ipllvm.speed import device_checks, summary, synthetic
from ipllvm.speed.device_checks import DeviceFigure
from ipllvm.speed.plain import plain

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def device(pytestconfig: pytest.Config) -> str:
    return str(choose_device(pytestconfig.stash[OPTIONS].device))


def test_the_engine_is_exact_in_float32(device: str) -> None:
    for name in device_checks.TINY if device != "cpu" else device_checks.TINY[:1]:
        found = device_checks.exactness(name, device, scenes.short(), 8 if device != "cpu" else 3)
        assert found.as_aimed, found.words


def test_flips_in_few_digits_are_near_ties(device: str) -> None:
    found = device_checks.flips("llava-tiny", device, scenes.short(), 3 if device == "cpu" else 64)
    assert found.as_aimed, found.words


def test_batches_shrink_where_memory_runs_out(device: str) -> None:
    found = device_checks.out_of_memory("llava-tiny", device, scenes.short(), 24 if device == "cpu" else 256)
    assert found.as_aimed, found.words
    unchanged = f"batches of {device_checks.LARGE} became {device_checks.LARGE};"
    assert unchanged not in found.words, "memory was to run out"


def test_figures_of_the_true_shape_are_had(device: str) -> None:
    model = synthetic.make("tiny", torch.device(device), torch.float32)
    benchmark = synthetic.fitted(scenes.short(), "tiny")
    found = device_checks.memory(model, benchmark, 4, 4)
    assert "GB forecast in batches of 4" in found.words
    calls = device_checks.attention(model, benchmark, 4, 4)
    assert calls and all(" a mask: " in line and "unknown" not in line for line in calls)


def test_an_exactness_that_is_off_is_noticed(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_checks, "plain", lambda *a, **k: [(*said, 5) for said in plain(*a, **k)])
    found = device_checks.exactness("llava-tiny", device, scenes.short(), 1)
    assert not found.as_aimed and found.value == 3


def test_a_figure_says_whether_it_is_within_its_bounds() -> None:
    assert DeviceFigure("x", 1.2, "", 0.75, 1.25).as_aimed and DeviceFigure("x", 9.0, "").as_aimed
    assert not DeviceFigure("x", 0.7, "", least=0.75).as_aimed
    assert not DeviceFigure("x", 1.3, "", most=1.25).as_aimed


ROW = {
    "name": "permutation", "alone": 1.0, "batched": 2.0, "engine": 10.0, "times_alone": 10.0,
    "times_batched": 5.0, "of_floor": 0.8,
}  # fmt: skip


def test_the_page_says_what_the_folder_holds(tmp_path: Path) -> None:
    assert summary.section(tmp_path) == summary.NONE
    about = {
        "note": "on a shared card", "card": "NVIDIA H100", "model": "synthetic llava-1.5-7b",
        "dtype": "torch.bfloat16", "rows": [ROW],
        "prefill": {"rate": 6e14, "products": 8e14}, "attention": ["3 x a step without a mask: flash"],
        "checks": [DeviceFigure("memory over its forecast", 1.4, "14 GB", 0.75, 1.25).row()],
    }  # fmt: skip
    (tmp_path / summary.file_name("NVIDIA H100")).write_text(json.dumps(about), encoding="utf-8")
    text = summary.section(tmp_path)
    assert "### NVIDIA H100: synthetic llava-1.5-7b in bfloat16" in text
    assert "\non a shared card.\n" in text
    assert "| permutation | 1.0 | 2.0 | 10.0 | 10.0 | 5.0 | 80% |" in text
    assert "- prefill: 75% of the rate" in text and "14 GB (aim missed)" in text
    page = f"above\n{summary.BEGIN}\nold\n{summary.END}\nbelow"
    assert summary.updated(page, text) == f"above\n{summary.BEGIN}\n{text}\n{summary.END}\nbelow"
    with pytest.raises(ValueError, match="lacks"):
        summary.updated("nothing", text)


def test_the_page_of_this_checkout_is_up_to_date() -> None:
    root = Path(summary.__file__).parents[2]
    if not (root / summary.PAGE).is_file():
        pytest.skip("an installed package has no reports")
    page = (root / summary.PAGE).read_text(encoding="utf-8")
    assert page == summary.updated(page, summary.section(root / summary.FOLDER))
