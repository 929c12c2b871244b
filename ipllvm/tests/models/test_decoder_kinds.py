"""Every kind of decoder that stands in LLaVA is entered at its layers as plain `generate` with a hook is."""

from pathlib import Path

import pytest

from ipllvm.perturbations.noise import LayerNoise
from ipllvm.records import Target
from ipllvm.tests.tiny.contract import Both, samples
from ipllvm.tests.tiny.llava import DECODERS

NOISES = [
    LayerNoise(layer, "symmetric", 0.5, 0.6, target, generated=False)
    for layer, target in ((1, Target.IMAGE), (3, Target.ALL), (2, Target.TEXT))
]


FAST = ("llama", "cohere", "gpt_oss", "mistral-window", "qwen3_moe")
"""One of each build: plain, layers in parallel, sinks, windows, experts; the rest is in the slow tier."""
CHOSEN = [pytest.param(kind, marks=() if kind in FAST else pytest.mark.slow) for kind in DECODERS]


@pytest.mark.parametrize("kind", CHOSEN)
def test_restart_at_a_layer_is_hooked_generate(kind: str, tmp_path: Path) -> None:
    both = Both.of(f"llava-{kind}", tmp_path)
    changed = both.require_equal(samples(2, ((64, 64), (150, 60))), NOISES, size=3)
    assert changed, "noise that changes no answer tests nothing"
