"""The command line of the checks: registered once, read into one frozen value, checked early.

Nothing here imports torch or touches a model: unknown names and impossible values end the run in
one line before anything is collected.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from ipllvm.errors import UnknownName, UsageError
from ipllvm.registry import BENCHMARKS

DEVICES = ("auto", "cpu", "cuda")
DTYPES = ("auto", "float32", "bfloat16", "float16")
PROMPTS = ("checkpoint", "original")
DEFAULT_MODELS = ("llava-tiny",)
DEFAULT_BENCHMARKS = ("easyvqa", "scenes", "charts")
QUICK_SAMPLES = 300


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for; `samples` is None for all, `batch_size` None for auto."""

    models: tuple[str, ...]
    benchmarks: tuple[str, ...]
    samples: int | None
    draws: int
    seed: int
    device: str
    dtype: str
    batch_size: int | None
    claims: Path | None
    fail_undecided: bool
    report_only: bool
    report_dir: Path
    prompt: str
    offline: bool

    def describe(self) -> str:
        """One line for the session's header."""
        samples = "all samples" if self.samples is None else f"{self.samples} samples"
        return (
            f"ipllvm: {', '.join(self.models)} on {', '.join(self.benchmarks)}; {samples} each, "
            f"{self.draws} draws, seed {self.seed}; reports in {self.report_dir}"
        )

    def as_row(self) -> dict[str, Any]:
        """The options as builtins, for the report."""
        row = asdict(self)
        return {k: str(v) if isinstance(v, Path) else list(v) if isinstance(v, tuple) else v for k, v in row.items()}


def register(parser: pytest.Parser) -> None:
    """Add every option, each also spelled --ipllvm-NAME."""
    group = parser.getgroup("ipllvm", "property checks of large language-and-vision models")

    def add(name: str, help: str, **settings: Any) -> None:
        try:
            group.addoption(f"--{name}", f"--ipllvm-{name}", dest=_dest(name), help=help, **settings)
        except ValueError:
            raise pytest.UsageError(
                f"--{name}: another pytest plugin has taken this option; disable it with -p no:NAME"
            ) from None

    add("model", "alias, hub id or folder (write --model=/path); repeatable", action="append", metavar="NAME")
    add("benchmark", "benchmark to measure on; repeatable", action="append", metavar="NAME")
    add("samples", f"samples a benchmark: N, all, or auto ({QUICK_SAMPLES} on a CPU, else all)", default="auto")
    add("draws", "draws of a random perturbation a sample (default 5, the paper's)", default="5", metavar="K")
    add("seed", "seed of subsets and draws (default 0)", default="0", metavar="N")
    add("device", "auto, cpu, cuda or cuda:i", default="auto")
    add("dtype", "auto (float32 on a CPU, bfloat16 on a GPU), float32, bfloat16, float16", default="auto")
    add("batch-size", "auto or N", default="auto", metavar="N")
    add("claims", "TOML file with claims of your own, laid over the shipped ones", metavar="FILE")
    add("undecided", "whether UNDECIDED fails the run (exit status 6)", choices=("pass", "fail"), default="pass")
    add("report-only", "measure and report, never fail a claim", action="store_true")
    add("report-dir", "where reports are written (default reports)", default="reports", metavar="DIR")
    add("prompt", "the checkpoint's own template, or the original LLaVA prompt", default="checkpoint")
    add("offline", "never ask the network", action="store_true")


def _dest(name: str) -> str:
    return f"ipllvm_{name.replace('-', '_')}"


def read(config: pytest.Config) -> Options:
    """The options of this run; raises UsageError in one line for a value that can't be used."""

    def value(name: str) -> Any:
        return config.getoption(_dest(name))

    claims = value("claims")
    device = str(value("device"))
    return Options(
        models=tuple(dict.fromkeys(value("model") or DEFAULT_MODELS)),
        benchmarks=tuple(BENCHMARKS.check(n) for n in dict.fromkeys(value("benchmark") or DEFAULT_BENCHMARKS)),
        samples=_samples(str(value("samples")), device),
        draws=_whole("draws", value("draws"), 1),
        seed=_whole("seed", value("seed"), 0),
        device=_device(device),
        dtype=_one_of("dtype", value("dtype"), DTYPES),
        batch_size=None if value("batch-size") == "auto" else _whole("batch-size", value("batch-size"), 1),
        claims=None if claims is None else _file("claims", claims),
        fail_undecided=value("undecided") == "fail",
        report_only=bool(value("report-only")),
        report_dir=Path(value("report-dir")),
        prompt=_one_of("prompt", value("prompt"), PROMPTS),
        offline=bool(value("offline")),
    )


def _samples(text: str, device: str) -> int | None:
    if text == "all" or (text == "auto" and gpus() and not device.startswith("cpu")):
        return None
    return QUICK_SAMPLES if text == "auto" else _whole("samples", text, 1)


def gpus() -> int:
    """How many NVIDIA GPUs the driver shows, counted without torch."""
    return len(list(Path("/proc/driver/nvidia/gpus").glob("*")))


def _whole(name: str, text: str, least: int) -> int:
    if not str(text).isdecimal() or int(text) < least:
        raise UsageError(f"--{name} {text}: give a whole number of at least {least}")
    return int(text)


def _one_of(name: str, text: str, known: Sequence[str]) -> str:
    if text not in known:
        raise UnknownName(f"--{name}", text, known)
    return text


def _device(text: str) -> str:
    kind, _, index = text.partition(":")
    if kind not in DEVICES or (index and (kind != "cuda" or not index.isdecimal())):
        raise UnknownName("--device", text, (*DEVICES, "cuda:0"))
    return text


def _file(name: str, text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise UsageError(f"--{name} {text}: no such file")
    return path
