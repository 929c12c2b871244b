"""How long the device waits for the rest of the machine: pictures, words, Python."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from ipllvm.models.base import VisionLanguageModel

WORK = ("encode", "decoder", "layer_inputs", "decode_from_layer", "logits")
"""What of a model runs on the device."""


@dataclass(slots=True)
class Busy:
    """Seconds that the device worked of `whole`."""

    seconds: float = 0.0
    whole: float = 0.0
    _depth: int = 0
    _events: list[tuple[Any, Any]] = field(default_factory=list)

    @property
    def idle(self) -> float:
        """The share of the time in which the device had nothing to do."""
        return max(0.0, 1 - self.seconds / self.whole) if self.whole else 0.0

    @contextmanager
    def recorded(self, model: VisionLanguageModel) -> Iterator[None]:
        """While it lasts, the time in the model's stages is added up: on a GPU as its own events tell it."""
        cuda = model.device.type == "cuda"
        for name in WORK:
            setattr(model, name, self._timed(getattr(model, name), cuda))
        began = time.perf_counter()
        try:
            yield
        finally:
            if cuda:
                torch.cuda.synchronize(model.device)
            self.whole += time.perf_counter() - began
            self.seconds += sum(start.elapsed_time(end) / 1000 for start, end in self._events)
            self._events.clear()
            for name in WORK:
                delattr(model, name)

    def _timed(self, work: Callable[..., Any], cuda: bool) -> Callable[..., Any]:
        def timed(*args: Any, **named: Any) -> Any:
            if self._depth:
                return work(*args, **named)
            self._depth += 1
            began, start = time.perf_counter(), _event() if cuda else None
            try:
                return work(*args, **named)
            finally:
                self._depth -= 1
                if start is None:
                    self.seconds += time.perf_counter() - began
                else:
                    self._events.append((start, _event()))

        return timed


def _event() -> Any:
    event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    event.record()
    return event
