"""The self-check and the batch size of a model on a benchmark, each found once and kept.

Both need the model to answer; what they found is a function of the model, its numerics, the libraries and the
data, so that a later run reads it. Imports no torch.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from ipllvm.engine.deferred import loaded
from ipllvm.engine.plan import FIRST
from ipllvm.engine.store.derived import Derived
from ipllvm.errors import NotMeasured
from ipllvm.records import Benchmark

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel

NO_SAMPLE: Final = "none: no sample could be asked"


class Preflight:
    """What is found before a run; `announce` is told of a self-check that was made now and passed."""

    def __init__(
        self, derived: Derived, batch_size: int | None = None, announce: Callable[[str], None] = print
    ) -> None:
        self._derived, self._size, self._announce = derived, batch_size, announce
        self._checks: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._by_length: dict[tuple[str, int], int] = {}

    def self_check(self, model: "VisionLanguageModel", benchmark: Benchmark) -> str:
        """The self-check in words; raises NotMeasured where it refuses the model, which is never kept."""
        self._once("prompts fit", [key(model, benchmark), len(benchmark.samples)], model, benchmark, _fit)
        return self._once("self-check", [key(model, benchmark), self._size], model, benchmark, self._check)

    def _once(
        self,
        kind: str,
        parts: list[Any],
        model: "VisionLanguageModel",
        benchmark: Benchmark,
        make: "Callable[[VisionLanguageModel, Benchmark], str]",
    ) -> str:
        """What `make` says of a model on a benchmark; why it refused is kept in this process only."""
        name = repr([kind, parts])
        if name in self._refused:
            raise NotMeasured(self._refused[name])
        if name not in self._checks:
            try:
                once = self._derived.once if not model.sealed else _anew
                self._checks[name] = once(kind, parts, str, lambda: make(model, benchmark))
            except NotMeasured as error:
                self._refused[name] = str(error)
                raise
        return self._checks[name]

    def _check(self, model: "VisionLanguageModel", benchmark: Benchmark) -> str:
        from ipllvm.engine import self_check, whole_check
        from ipllvm.models.whole import WholeModel

        answering, first = loaded(model), benchmark.samples[:FIRST]
        found: self_check.SelfCheck | whole_check.WholeCheck | None
        if isinstance(answering, WholeModel):
            found = whole_check.check(answering, first)
        else:
            found = self_check.check(answering, first, self._size or FIRST)
        if found is not None:
            found.require()
        words = NO_SAMPLE if found is None else str(found)
        self._announce(f"{model.name} on {benchmark.name}: {words}")
        return words

    def batch_size(self, model: "VisionLanguageModel", benchmark: Benchmark) -> int:
        """How many samples to answer together, as found by trying."""
        parts = key(model, benchmark)
        if repr(parts) not in self._sizes:
            from_trying = lambda: self._tried(model, benchmark)  # noqa: E731
            self._sizes[repr(parts)] = self._derived.once("batch-size", parts, int, from_trying)
        return self._sizes[repr(parts)]

    def _tried(self, model: "VisionLanguageModel", benchmark: Benchmark) -> int:
        from ipllvm.engine.batch_size import choose

        return choose(loaded(model), benchmark.samples, self._by_length)


def outline(line: str) -> str:
    """What of a self-check that passed is worth a line: that it did, and a layer that can't be entered.

    >>> outline("llava-tiny on scenes: self-check on 8 samples: batched 0 flips, largest logit gap 9.5e-06")
    'llava-tiny on scenes: self-check on 8 samples passed'
    >>> outline("mine on one.jsonl: self-check on 1 sample: batched 0 flips, largest logit gap 9.5e-06")
    'mine on one.jsonl: self-check on 1 sample passed'
    """
    found = re.match(r"(.*self-check on \d+ samples?): ", line)
    return f"{found[1]} passed" if found and "can't be entered" not in line else line


def _anew(kind: str, key: object, type: type[str], make: Callable[[], str]) -> str:
    """In place of `Derived.once`: what is asked as a whole may be another model tomorrow."""
    return make()


def _fit(model: "VisionLanguageModel", benchmark: Benchmark) -> str:
    """That the longest of all prompts fit; raises NotMeasured where one does not."""
    from ipllvm.engine.prompt_length import require_fitting
    from ipllvm.models.whole import WholeModel

    if not isinstance(answering := loaded(model), WholeModel):
        require_fitting(answering, benchmark.samples)
    return "fit"


def key(model: "VisionLanguageModel", benchmark: Benchmark) -> list[Any]:
    """What fixes how a model answers the first samples of a benchmark: who it is, its numerics, the data."""
    info = model.info()
    numerics = [info.device, info.dtype, info.attention, info.prompt, model.image_backend]
    return [info.fingerprint, *numerics, benchmark.digest, [each.id for each in benchmark.samples[:FIRST]]]
