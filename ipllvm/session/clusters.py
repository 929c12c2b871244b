"""With --ray: who answers is a cluster, and this process reads no weights."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from ipllvm.errors import UsageError
from ipllvm.models.sources import is_endpoint

if TYPE_CHECKING:
    from ipllvm.engine.executors.cluster import ClusterExecutor
    from ipllvm.models.base import VisionLanguageModel
    from ipllvm.records import Benchmark
    from ipllvm.session.options import Options

SCHEME: Final = "ray://"
WORDS: Final = ("auto", "local")
PLACE: Final = re.compile(r"[^/\s]+:[0-9]{1,5}")


def address(name: str, text: str) -> str:
    """The address that --ray names; raises UsageError, also where Ray is not installed."""
    if text.startswith(SCHEME):
        raise UsageError(
            f"--{name} {text}: Ray's client brings no streams: start this on a machine of the cluster, "
            f"with --{name}=auto"
        )
    if text not in WORDS and not PLACE.fullmatch(text):
        raise UsageError(f"--{name} {text}: give auto, local or HOST:PORT of the cluster's head")
    if find_spec("ray") is None:
        raise UsageError(f"--{name}: Ray is not installed: pip install 'ipllvm[ray]'")
    return text


def check(options: "Options", workers: object, in_memory: Mapping[str, object]) -> None:
    """Raises UsageError for what --ray does not go with."""
    if options.ray is None:
        return
    if workers:
        raise UsageError("--ray: leave -n out: the workers are those of the cluster")
    if in_memory:
        raise UsageError("--ray: a model in memory can't be sent to a cluster: save it and name its folder")
    for name in filter(is_endpoint, options.models):
        raise UsageError(f"--ray: {name} is served where it is: leave --ray out")


class Clusters:
    """The workers of one model at a time; `announce` gets a line when one joins, is lost or refused."""

    def __init__(self, options: "Options", announce: Callable[[str], None]) -> None:
        from ipllvm.engine.executors.ray_pool import connect

        self._options, self._announce = options, announce
        self._joined = connect(str(options.ray))
        self._executor: ClusterExecutor | None = None
        self._sizes: dict[tuple[str, str], int] = {}
        self._fitting: set[tuple[str, str]] = set()

    @property
    def executor(self) -> "ClusterExecutor":
        """Of the model that was asked for last."""
        assert self._executor is not None, "a model comes first"
        return self._executor

    def model(self, name: str, settings: dict[str, Any]) -> "VisionLanguageModel":
        """The model of that name, held by workers; an earlier one's are ended. Raises as loading does."""
        from ipllvm.engine import deferred
        from ipllvm.engine.executors.cluster import ClusterExecutor
        from ipllvm.engine.executors.distant import DistantModel
        from ipllvm.engine.executors.ray_pool import RayPool
        from ipllvm.models.loading import load, sketch

        self.close_workers()
        pool = RayPool(partial(load, name, **settings), gpu=not settings["device"].startswith("cpu"))
        fingerprint = deferred.fingerprint(name, settings)
        self._executor = ClusterExecutor(pool, self._announce, fingerprint)
        outline = {key: settings[key] for key in ("prompt", "offline", "how")}
        identity = self._executor.introduction().identity
        model: Any = DistantModel(identity, partial(sketch, name, **outline))
        return model  # type: ignore[no-any-return]

    def self_check(self, model: "VisionLanguageModel", benchmark: "Benchmark") -> str:
        """One worker's self-check, in words; every worker passes it before it measures. That the longest of
        all prompts fit is seen here, where the processor is.
        """
        from ipllvm.engine.prompt_length import require_fitting

        if (key := (model.fingerprint, benchmark.digest)) not in self._fitting:
            require_fitting(model, benchmark.samples)
            self._fitting.add(key)
        return self.executor.self_check(model, benchmark, self._options.batch_size)

    def batch_size(self, model: "VisionLanguageModel", benchmark: "Benchmark") -> int:
        """What was asked for, else what a worker finds by trying."""
        key = model.fingerprint, benchmark.digest
        if key not in self._sizes:
            self._sizes[key] = self._options.batch_size or self.executor.batch_size(model, benchmark)
        return self._sizes[key]

    def close_workers(self) -> None:
        """End the workers of the last model."""
        if self._executor is not None:
            self._executor.close()
        self._executor = None

    def close(self) -> None:
        """End the workers and leave the cluster."""
        self.close_workers()
        if self._joined:
            import ray

            ray.shutdown()
