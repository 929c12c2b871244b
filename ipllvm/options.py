"""The command line of the checks: registered once, read into one frozen value, checked early.

Nothing here imports torch or touches a model: unknown names and impossible values end the run in
one line before anything is collected.
"""

import os
import sys
from argparse import ArgumentError
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from ipllvm.artifacts.synthetic import CAPTIONERS, GENERATORS
from ipllvm.errors import UnknownName, UsageError
from ipllvm.models.sources import check_name, display_names
from ipllvm.perturbations.noise import KINDS
from ipllvm.perturbations.permutation import SCOPES
from ipllvm.profiles import BENCHMARKS as BENCHMARKS_OF
from ipllvm.profiles import PROFILES, TEXT_ONLY, Size, size
from ipllvm.registry import BENCHMARKS

DEVICES = ("auto", "cpu", "cuda")
DTYPES = ("auto", "float32", "bfloat16", "float16")
PROMPTS = ("checkpoint", "original")
UNDECIDED = ("pass", "fail")
ANSWERS = ("generate", "likelihood")
REPEATED = (
    "profile",
    "seed",
    "device",
    "dtype",
    "prompt",
    "scope",
    "noise",
    "saliency",
    "encoder",
    "generator",
    "captioner",
    "max_errors",
    "answer",
    "claims",
)
"""Options that a command line repeats as they are."""
DEFAULT_MODELS = ("llava-tiny",)
DEFAULT_LANGUAGE_MODELS = ("lm-tiny",)
GPU_DRIVERS = ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/nvmap", "/dev/dxg", "/dev/kfd")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for; `samples` is None for all, `batch_size` None for auto.

    `fewer_do` says that the number of samples was not asked for: the profile gives it, and a benchmark
    with fewer is taken whole. `draws` is None where the profile gives them.
    """

    models: tuple[str, ...]
    benchmarks: tuple[str, ...]
    samples: int | None
    fewer_do: bool
    draws: int | None
    profile: str
    seed: int
    device: str
    dtype: str
    batch_size: int | None
    claims: Path | None
    fail_undecided: bool
    report_only: bool
    report_dir: Path
    prompt: str
    scope: str
    noise: str
    saliency: str
    encoder: str | None
    generator: str
    captioner: str
    language_models: tuple[str, ...]
    max_errors: float
    answer: str
    offline: bool
    store: bool
    baseline: str
    save_baseline: str
    plan: bool

    def label(self, model: str) -> str:
        """What test ids and reports call one of the models asked for."""
        return dict(zip(self.models, display_names(self.models), strict=True))[model]

    def describe(self) -> str:
        """One line for the session's header."""
        samples = "all samples" if self.samples is None else f"{self.samples} samples each"
        sizes = [] if self.fewer_do else [samples]
        sizes += [] if self.draws is None else [f"{self.draws} draws"]
        sizes += [f"profile {self.profile}"] if len(sizes) < 2 else []
        return (
            f"ipllvm: {', '.join(self.models)} on {', '.join(self.benchmarks)}; {', '.join(sizes)}, "
            f"seed {self.seed}; reports in {self.report_dir}"
        )

    def baseline_file(self, name: str) -> Path:
        """Where a baseline is: a file or a run's folder, else by name in the report folder."""
        given = Path(name)
        return given if given.exists() else self.report_dir / "baselines" / f"{name}.json"

    def size(self, property_name: str) -> Size:
        """The samples (None for all) and draws of a property."""
        given = size(self.profile, property_name)
        samples = given.samples if self.fewer_do else self.samples
        return Size(samples, given.draws if self.draws is None else self.draws)

    def command_line(self) -> list[str]:
        """The options that bear on a measurement, spelled as a command line that repeats it."""
        samples = "auto" if self.fewer_do else self.samples or "all"
        fixed = {
            "samples": samples,
            "draws": self.draws or "auto",
            "batch-size": self.batch_size or "auto",
        }
        named = {name: getattr(self, name) for name in REPEATED}
        values = [(n, v) for n, v in {**fixed, **named}.items() if v is not None]
        chosen = [("model", m) for m in self.models] + [("benchmark", b) for b in self.benchmarks]
        if self.language_models != DEFAULT_LANGUAGE_MODELS:
            chosen += [("language-model", name) for name in self.language_models]
        flags = ["--offline"] * self.offline + ["--no-store"] * (not self.store)
        flags += [f"--baseline={self.baseline}"] * bool(self.baseline)
        return [f"--{name.replace('_', '-')}={value}" for name, value in [*chosen, *values]] + flags

    def as_row(self) -> dict[str, Any]:
        """The options as builtins, for the report."""
        row = asdict(self)
        return {
            k: str(v) if isinstance(v, Path) else list(v) if isinstance(v, tuple) else v
            for k, v in row.items()
        }


def header(config: pytest.Config, options: Options) -> list[str]:
    """The session's header; a line more where `--model FOLDER`, with a space, misled pytest.

    pytest takes such a folder for a path of tests and looks for its rootdir there.
    """
    root, here = config.rootpath, config.invocation_params.dir
    folders = [Path(name).expanduser().resolve() for name in options.models if Path(name).is_dir()]
    misled = not here.is_relative_to(root) and any(folder.is_relative_to(root) for folder in folders)
    advice = f"ipllvm: rootdir {root} was taken from --model; write --model=FOLDER, with an equals sign"
    return [options.describe(), *([advice] if misled else [])]


def check_workers(workers: int | None, options: Options) -> None:
    """Raises UsageError for more xdist workers than GPUs: each holds a model of its own."""
    count = gpus()
    if workers and count and workers > count and not options.device.startswith("cpu"):
        raise UsageError(f"-n {workers}: a worker holds a model and there are {count} GPU(s): use -n {count}")


def register(parser: pytest.Parser) -> None:
    """Add every option, each also spelled --ipllvm-NAME."""
    group = parser.getgroup("ipllvm", "property checks of large language-and-vision models")

    def add(name: str, help: str, **settings: Any) -> None:
        try:
            group.addoption(f"--{name}", f"--ipllvm-{name}", dest=_dest(name), help=help, **settings)
        except (ValueError, ArgumentError):
            raise pytest.UsageError(
                f"--{name}: another pytest plugin has taken this option; disable it with -p no:NAME"
            ) from None

    add("model", "alias, hub id or folder (write --model=/path); repeatable", action="append", metavar="NAME")
    add("benchmark", "benchmark to measure on; repeatable", action="append", metavar="NAME")
    add("profile", "sizes: quick, paper, audit, or auto (quick on a CPU, else paper)", default="auto")
    add("samples", "samples a benchmark: N, all, or auto (the profile's)", default="auto")
    add("draws", "draws of a random perturbation a sample, or auto (the profile's)", default="auto")
    add("seed", "seed of subsets and draws (default 0)", default="0", metavar="N")
    add("device", "auto, cpu, cuda or cuda:i", default="auto")
    add("dtype", "auto (float32 on a CPU, bfloat16 on a GPU), float32, bfloat16, float16", default="auto")
    add("batch-size", "auto or N", default="auto", metavar="N")
    add("claims", "TOML file with claims of your own, laid over the shipped ones", metavar="FILE")
    add("undecided", "pass or fail: whether UNDECIDED fails the run (exit status 6)", default="pass")
    add("report-only", "measure and report, never fail a claim", action="store_true")
    add("report-dir", "where reports are written (default reports)", default="reports", metavar="DIR")
    add("prompt", "the checkpoint's own template, or the original LLaVA prompt", default="checkpoint")
    add("scope", f"what a permutation moves: {', '.join(SCOPES)}", default=SCOPES[0])
    add("baseline", "compare with a saved baseline: a name, or a file", metavar="NAME")
    add("save-baseline", "keep what was found as REPORT_DIR/baselines/NAME.json", metavar="NAME")
    add("plan", "say what would be run and what it costs; load no weights", action="store_true")
    add("no-store", "measure anew, keep no outcomes in --report-dir", action="store_true")
    add("noise", f"noise of the importance properties: {', '.join(KINDS)}", default=KINDS[0])
    add("saliency", "model behind saliency maps: clip-tiny, facebook/dino-vits16, ...", default="clip-tiny")
    add(
        "max-errors",
        "samples that may fail before a property counts as not measured: N or a share",
        default="0",
    )
    add("generator", f"who draws synthetic pictures: {', '.join(GENERATORS)}", default=GENERATORS[0])
    add("captioner", "model that captions pictures for the generator (default: its own)", metavar="NAME")
    add("encoder", "CLIP encoder of models whose own is not known: clip-tiny, hub id, folder", metavar="NAME")
    add(
        "language-model",
        "language model that alignment is measured with (default lm-tiny); repeatable",
        action="append",
        metavar="NAME",
    )
    add("answer", "generate, or likelihood: letters, yes and no by log-likelihood", default="generate")
    add("offline", "never ask the network", action="store_true")


def _dest(name: str) -> str:
    return f"ipllvm_{name.replace('-', '_')}"


def read(config: pytest.Config) -> Options:
    """The options of this run; raises UsageError in one line for a value that can't be used."""

    def value(name: str) -> Any:
        return config.getoption(_dest(name))

    device = str(value("device"))
    compared = value("baseline") or value("save-baseline")
    if compared and len(value("model") or DEFAULT_MODELS) > 1:
        raise UsageError("a baseline is of one model: give one --model")
    profile = _profile(str(value("profile")), device)
    return Options(
        models=_models(value("model") or DEFAULT_MODELS),
        benchmarks=tuple(
            BENCHMARKS.check(n) for n in dict.fromkeys(value("benchmark") or BENCHMARKS_OF[profile])
        ),
        samples=_samples(str(value("samples"))),
        fewer_do=value("samples") == "auto",
        draws=None if value("draws") == "auto" else _whole("draws", value("draws"), 1),
        profile=profile,
        seed=_whole("seed", value("seed"), 0),
        device=_device(device),
        dtype=_one_of("dtype", value("dtype"), DTYPES),
        batch_size=None if value("batch-size") == "auto" else _whole("batch-size", value("batch-size"), 1),
        claims=None if value("claims") is None else _claims(Path(value("claims"))),
        fail_undecided=_one_of("undecided", value("undecided"), UNDECIDED) == "fail",
        report_only=bool(value("report-only")),
        report_dir=_folder(Path(value("report-dir"))),
        prompt=_one_of("prompt", value("prompt"), PROMPTS),
        scope=_one_of("scope", value("scope"), SCOPES),
        noise=_one_of("noise", value("noise"), KINDS),
        saliency=str(value("saliency")),
        encoder=value("encoder"),
        generator=(artist := _one_of("generator", value("generator"), GENERATORS)),
        captioner=check_name(value("captioner") or CAPTIONERS[artist]),
        language_models=tuple(dict.fromkeys(value("language-model") or DEFAULT_LANGUAGE_MODELS)),
        answer=_one_of("answer", value("answer"), ANSWERS),
        max_errors=_budget(str(value("max-errors"))),
        offline=bool(value("offline")),
        store=not value("no-store"),
        baseline=str(value("baseline") or ""),
        save_baseline=_name(str(value("save-baseline") or "")),
        plan=bool(value("plan")),
    )


def benchmarks(marker: pytest.Mark | None, asked: Options) -> list[Any]:
    """What a test is measured on: the names of its `benchmarks` marker in place of the default.

    Of those asked for on the command line it takes the ones that the marker names, also as `also`;
    where there are none the test is skipped with the reason. So is a test without the marker on a
    benchmark that has no pictures.
    """
    if marker is None:
        blind = pytest.mark.skip(reason="the benchmark has no pictures")
        return [pytest.param(n, marks=blind) if n in TEXT_ONLY else n for n in asked.benchmarks]
    if asked.benchmarks == BENCHMARKS_OF[asked.profile]:
        return list(marker.args)
    known = (*marker.args, *marker.kwargs.get("also", ()))
    chosen = [name for name in asked.benchmarks if name in known]
    unfit = pytest.mark.skip(reason=f"is measured on {', '.join(known)}")
    return chosen or [pytest.param(name, marks=unfit) for name in asked.benchmarks]


def _models(names: Sequence[str]) -> tuple[str, ...]:
    """Checked names; two spellings of one folder count once."""
    first: dict[str | Path, str] = {}
    for name in names:
        place = Path(name).expanduser()
        first.setdefault(place.resolve() if place.is_dir() else name, check_name(name))
    return tuple(first.values())


def _profile(text: str, device: str) -> str:
    if text != "auto":
        return _one_of("profile", text, PROFILES)
    return "paper" if gpus() and not device.startswith("cpu") else "quick"


def _samples(text: str) -> int | None:
    return None if text in ("all", "auto") else _whole("samples", text, 1)


def gpus() -> int:
    """How many NVIDIA GPUs this process may use, counted without torch."""
    count = len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return count
    return min(count, len([part for part in visible.split(",") if part.strip() not in ("", "-1")]))


def _whole(name: str, text: str, least: int) -> int:
    if not str(text).isdecimal() or int(text) < least:
        raise UsageError(f"--{name} {text}: give a whole number of at least {least}")
    return int(text)


def _budget(text: str) -> float:
    """A number of samples, or a share of them below 1."""
    if text.isdecimal():
        return int(text)
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise UsageError(f"--max-errors {text}: give a whole number, or a share from 0 up to but not 1")
    return share


def _name(text: str) -> str:
    """A baseline's name, which is a file's name in the report folder."""
    if text and not all(c.isalnum() or c in "-_." for c in text):
        raise UsageError(f"--save-baseline {text}: use letters, digits, - and _ only")
    return text


def _one_of(name: str, text: str, known: Sequence[str]) -> str:
    if text not in known:
        raise UnknownName(f"--{name}", text, known)
    return text


def _device(text: str) -> str:
    kind, colon, index = text.partition(":")
    if kind not in DEVICES or (colon and (kind != "cuda" or not index.isdecimal())):
        raise UnknownName("--device", text, (*DEVICES, "cuda:0"))
    if kind == "cuda" and sys.platform == "linux" and not any(Path(p).exists() for p in GPU_DRIVERS):
        raise UsageError(f"--device {text}: no GPU driver here; use --device cpu")
    return text


def _claims(path: Path) -> Path:
    """The file, if it can be read as claims."""
    from ipllvm import claims

    claims.load(path)
    return path


def _folder(path: Path) -> Path:
    """The folder, unless it is plain that it can't be written; nothing is made yet."""
    there = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        why = "not writable" if there.is_dir() else "not a folder"
        raise UsageError(f"--report-dir {path}: {there} is {why}; give another folder")
    return path
