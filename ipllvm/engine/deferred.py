"""A model whose identity is known from an earlier run: its weights are read when it has to answer.

What a run needs to find its outcomes again is who the model is, in which numbers it ran and where it can be
perturbed. That is a function of its files, the options and the versions of the libraries, and is written down
when the model is loaded for the first time. Imports no torch.
"""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ipllvm.artifacts import Artifacts
from ipllvm.engine.lazy import LazyProxy
from ipllvm.engine.plan import Plan
from ipllvm.engine.requirements import Known, complete
from ipllvm.engine.store.derived import Derived
from ipllvm.errors import IpllvmError, ModelUnavailable
from ipllvm.models import checkpoint, gpus, lora, sources
from ipllvm.models.load_options import LoadOptions
from ipllvm.models.planted import naming
from ipllvm.records import Benchmark, ModelInfo, Stage
from ipllvm.registry import FAMILIES

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel

KIND = "model"
NUMERICS = ("device", "dtype", "attention")
"""Of these answers depend: an identity of other ones is another model's."""
Load = Callable[[], "VisionLanguageModel"]


@dataclass(frozen=True, slots=True)
class Identity:
    """What a report and the store need of a model: the fields of its interface that need no weights."""

    info: ModelInfo
    image_backend: str
    stages: tuple[Stage, ...]
    placed: bool
    layers: int
    patch_grid: int | None

    @classmethod
    def of(cls, model: "VisionLanguageModel") -> "Identity":
        """The identity of a loaded model."""
        return cls(
            info=model.info(),
            image_backend=model.image_backend,
            stages=tuple(sorted(model.stages)),
            placed=model.placed,
            layers=model.layers(),
            patch_grid=model.patch_grid(),
        )


class Deferred(LazyProxy):
    """Has the interface of `VisionLanguageModel`; whatever its identity does not hold loads the model."""

    def __init__(self, identity: Identity, load: Load) -> None:
        self._identity = identity
        self._load = load
        self.name, self.fingerprint = identity.info.name, identity.info.fingerprint
        self.image_backend, self.placed = identity.image_backend, identity.placed
        self.stages, self.sealed = frozenset(identity.stages), ""

    def info(self) -> ModelInfo:
        """See the interface."""
        return self._identity.info

    def layers(self) -> int:
        """See the interface."""
        return self._identity.layers

    def patch_grid(self) -> int | None:
        """See the interface."""
        return self._identity.patch_grid

    @cached_property
    def loaded(self) -> "VisionLanguageModel":
        """The model itself; raises ModelUnavailable where its files are no longer what they were."""
        model = self._load()
        if model.fingerprint != self.fingerprint:
            raise ModelUnavailable(f"{self.name}: its files changed while this ran: run again")
        for name in NUMERICS:
            before, now = getattr(self.info(), name), getattr(model.info(), name)
            if before != now:
                raise ModelUnavailable(
                    f"{self.name}: its {name} is {now} now and was {before} when it was first loaded: "
                    "give --device and --dtype"
                )
        return model


def loaded(model: "VisionLanguageModel") -> "VisionLanguageModel":
    """The model itself, ready to answer."""
    return model.loaded if isinstance(model, Deferred) else model


def fitted(model: "VisionLanguageModel", benchmark: Benchmark) -> "VisionLanguageModel":
    """As `ipllvm.engine.recognition.fitted`: one whose weights are not read yet names more than classes."""
    if isinstance(model, Deferred):
        return model
    from ipllvm.engine import recognition

    return recognition.fitted(model, benchmark)


def run(
    model: "VisionLanguageModel",
    plan: Plan,
    batch_size: int,
    outcomes: Known,
    progress: Callable[[int], None],
    artifacts: Artifacts | None = None,
) -> None:
    """As `ipllvm.engine.run.run`; where every outcome is known neither the model nor torch is loaded."""
    if complete(plan, outcomes):
        progress(len(plan))
        return
    from ipllvm.engine.run import run as answer

    answer(loaded(model), plan, batch_size, outcomes, progress, artifacts)


def deferred(
    name: str, settings: dict[str, Any], derived: Derived, load: Load, *, rehash: bool = False
) -> "VisionLanguageModel":
    """The model of that name, without its weights where its identity is known under the same `settings`.

    `settings` are the device, dtype, prompt, offline, label and `how` that it would be loaded with. A model
    that names classes, or is planted, is small and loaded at once; so is one that is asked as a whole. Raises
    as `load` does.
    """
    key = _key(name, settings, rehash)
    identity = None if key is None else derived.find(KIND, key, Identity)
    if identity is not None:
        info = replace(identity.info, name=settings["label"])
        return cast("VisionLanguageModel", Deferred(replace(identity, info=info), load))
    model = load()
    key = key or _key(name, settings, rehash=False)
    if key is not None and key[0] == model.fingerprint and not model.sealed:
        identity = Identity.of(model)
        derived.keep(KIND, key, identity)
        derived.keep(KIND, _key(name, settings | {"device": identity.info.device}, rehash=False), identity)
    return model


def fingerprint(name: str, settings: dict[str, Any]) -> str:
    """The fingerprint of the model of that name by its files here; empty where they do not tell."""
    key = _key(name, settings, rehash=False)
    return "" if key is None else str(key[0])


def _key(name: str, settings: dict[str, Any], rehash: bool) -> list[Any] | None:
    """What fixes the identity; None where there is no checkpoint of a family to have one."""
    how: LoadOptions = settings["how"]
    if naming.is_planted(name):
        return None
    try:
        folder = sources.resolve(name, offline=True, revision=how.revision)
        found = checkpoint.inspect(folder, remote_code=how.trust_remote_code)
        if found.family not in FAMILIES:
            return None
        digest = found.fingerprint(rehash=rehash)
        if how.adapter:
            digest = lora.fingerprint(digest, lora.check(Path(how.adapter)))
    except IpllvmError:
        return None  # loading says what is wrong, after what it checks first
    origin = list(sources.origin(name, found.folder))
    numerics = [settings["device"], settings["dtype"], settings["prompt"], asdict(how)]
    return [digest, numerics, origin, found.notes, machine() if settings["device"] == "auto" else []]


def machine() -> list[Any]:
    """What a device `auto` comes to, where machines share a store."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "") if gpus.count() > 1 else ""  # who has a GPU of its own
    return [gpus.drivers(), gpus.count(), os.environ.get("CUDA_VISIBLE_DEVICES", ""), worker]
