"""A probe that is made when a law has to be tried: what held once is not tried again.

The cases of a law are drawn the same way every time, so that whether it holds is a function of the model, its
numerics, the libraries, the data, the seed and the code; like the self-check it is found once and written
down. A broken law never is. Imports no torch.
"""

import hashlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ipllvm.engine import deferred, preflight
from ipllvm.engine.lazy import LazyProxy
from ipllvm.engine.store import source_code
from ipllvm.engine.store.derived import Derived
from ipllvm.engine.store.source_code import PACKAGE
from ipllvm.records import Benchmark

if TYPE_CHECKING:
    from ipllvm.laws.probe import Probe
    from ipllvm.models.base import VisionLanguageModel

KIND = "law"
ROOMS = ("benchmarks", "engine", "laws", "models", "perturbations")
"""Whose code a law is about."""
SHIPPED = tuple(place / "properties" for place in (PACKAGE / "_suite", PACKAGE.parent))
"""Where the laws stand that are about that code alone: one of somebody else's may be about any other."""


class DeferredProbe(LazyProxy):
    """Has the interface of `Probe`; whatever is asked of it makes one, for which the model is loaded."""

    def __init__(
        self, model: "VisionLanguageModel", benchmark: Benchmark, seed: int, derived: Derived
    ) -> None:
        self._model, self._benchmark, self._seed, self._derived = model, benchmark, seed, derived
        if not isinstance(model, deferred.Deferred):
            self.loaded  # noqa: B018  what it can't be made of is said before a law is tried

    def hold_once(self, law: Callable[[], object], name: str, file: Path) -> None:
        """Try the law of that name, which stands in `file`, unless it held before; raises as it does."""
        if self._model.sealed or file.parent not in SHIPPED:  # what is sealed may be another model tomorrow
            law()
            return
        code = hashlib.sha256(file.read_bytes()).hexdigest()
        key = [
            preflight.key(self._model, self._benchmark),
            self._seed,
            name,
            code,
            source_code.digest(*ROOMS),
        ]
        self._derived.once(KIND, key, bool, lambda: (law(), True)[1])

    @cached_property
    def loaded(self) -> "Probe":
        """The probe itself; raises as loading the model and `recognition.fitted` do."""
        from ipllvm.engine.recognition import fitted
        from ipllvm.laws.probe import Probe

        return Probe(fitted(deferred.loaded(self._model), self._benchmark), self._benchmark, self._seed)
