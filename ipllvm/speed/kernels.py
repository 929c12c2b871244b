"""Which attention kernel torch takes for each kind of call that a run makes, and why."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ipllvm.speed.products import ATTENTION

KERNELS: Final = {0: "math", 1: "flash", 2: "efficient", 3: "cudnn", 4: "override"}
"""torch.nn.attention.SDPBackend by number."""
WHY: Final = {
    "flash": "no mask is needed",
    "efficient": "a mask hides prompts that share a row, or padding: flash attention takes none",
    "cudnn": "fits the shape, as flash attention does",
    "math": "no fused kernel takes the mask and the numbers",
    "override": "taken over by another package",
    "unknown": "torch does not tell",
}


MASKED: Final = {
    "flash": "on a CPU flash attention takes a mask",
    "cudnn": "takes the mask that hides prompts which share a row, or padding, as flash attention does not",
}
"""Why, where there is a mask."""


class AttentionCall(NamedTuple):
    """One kind of call: of a decoding step or of more positions, with a mask or without, by which kernel."""

    step: bool
    masked: bool
    kernel: str

    def __str__(self) -> str:
        what = "a step" if self.step else "more positions"
        why = MASKED.get(self.kernel, WHY[self.kernel]) if self.masked else WHY[self.kernel]
        return f"{what} {'with' if self.masked else 'without'} a mask: {self.kernel} ({why})"


@contextmanager
def recorded() -> Iterator[Counter[AttentionCall]]:
    """While it lasts, calls of scaled_dot_product_attention are counted by kind."""
    counts: Counter[AttentionCall] = Counter()
    with _Calls(counts):
        yield counts


class _Calls(TorchFunctionMode):
    def __init__(self, counts: Counter[AttentionCall]) -> None:
        super().__init__()
        self._counts = counts

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """See torch."""
        kwargs = kwargs or {}
        if func is nn.functional.scaled_dot_product_attention:
            self._counts[_call(dict(zip(ATTENTION, args, strict=False)) | kwargs)] += 1
        return func(*args, **kwargs)


def _call(given: Mapping[str, Any]) -> AttentionCall:
    mask = given.get("attn_mask")
    return AttentionCall(given["query"].shape[-2] == 1, mask is not None, _kernel(given))


def _kernel(given: Mapping[str, Any]) -> str:
    """What torch would take for such a call, by its own rule."""
    choose: Any = getattr(torch, "_fused_sdp_choice", None)
    try:
        return KERNELS.get(int(choose(**given)), "unknown")
    except (TypeError, RuntimeError):
        return "unknown"
