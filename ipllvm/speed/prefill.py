"""How much of the rate of matrix products a prefill reaches, both measured in the same run."""

import time
from dataclasses import dataclass

import torch

from ipllvm.engine.encoding import encode_cases
from ipllvm.engine.fault_isolation import BatchBudget, Failure
from ipllvm.engine.packing import PackedPrompt, alone
from ipllvm.engine.plan import Plan
from ipllvm.models.forecast import matmul_rate
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Benchmark
from ipllvm.speed.ways import wait

REPEATS = 3
SIZES = {"cpu": 1024, "cuda": 8192}


@dataclass(frozen=True, slots=True)
class PrefillRate:
    """Operations a second of the decoder's products on whole prompts, and of one large product."""

    prompts: int
    positions: int
    rate: float
    products: float

    @property
    def share(self) -> float:
        """Of the rate of products."""
        return self.rate / self.products

    def __str__(self) -> str:
        return (
            f"prefill of {self.prompts} prompts, {self.positions} positions: {self.rate / 1e12:.3g} TFLOP/s, "
            f"{self.share:.0%} of the {self.products / 1e12:.3g} of a large matrix product"
        )


@torch.inference_mode()
def prefill(model: TransformersModel, benchmark: Benchmark, size: int) -> PrefillRate:
    """The best of some prefills of `size` prompts, all positions in all layers, no head."""
    rows = benchmark.samples[:size]
    seen = encode_cases(model, Plan(rows, (Clean(),), 1, 0, 1).cases(rows, Clean()), BatchBudget(size))
    prompts = [each.embeds(model) for each in seen if not isinstance(each, Failure)]
    batch = alone([PackedPrompt(embeds) for embeds in prompts]).embeds(model)
    best = float("inf")
    for _ in range(REPEATS):
        wait(model)
        began = time.perf_counter()
        model.decoder(batch)
        wait(model)
        best = min(best, time.perf_counter() - began)
    positions = batch.shape[0] * batch.shape[1]
    weights = sum(m.weight.numel() for m in model.decoder_linears())
    products = matmul_rate(model.device, model.dtype, SIZES[model.device.type])
    return PrefillRate(len(prompts), positions, 2 * weights * positions / best, products)
