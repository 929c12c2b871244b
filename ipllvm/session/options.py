"""The command line of the checks: read into one frozen value, checked early.

Nothing here imports torch or touches a model: unknown names and impossible values end the run in
one line before anything is collected.
"""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from ipllvm.artifacts.synthetic import CAPTIONERS, GENERATORS
from ipllvm.errors import UsageError
from ipllvm.gate import names
from ipllvm.models.sources import check_name, display_names, names_classes
from ipllvm.perturbations.noise import KINDS
from ipllvm.perturbations.occlusion import BUDGETS
from ipllvm.perturbations.permutation import SCOPES
from ipllvm.perturbations.selection import HOW
from ipllvm.registry import BENCHMARKS
from ipllvm.session import parsing
from ipllvm.session.profiles import BENCHMARKS as BENCHMARKS_OF
from ipllvm.session.profiles import CLASSES, TEXT_ONLY, Size, size
from ipllvm.session.registration import TARGETS, destination

DTYPES = ("auto", "float32", "bfloat16", "float16")
PROMPTS = ("checkpoint", "original")
UNDECIDED = ("pass", "fail")
IF_MISSING = ("fail", "create")
ANSWERS = ("generate", "likelihood")
REPEATED = (
    "profile",
    "seed",
    "device",
    "dtype",
    "prompt",
    "scope",
    "noise",
    "information",
    "occlusion_budget",
    "saliency",
    "encoder",
    "judge",
    "generator",
    "captioner",
    "max_errors",
    "answer",
    "claims",
)
"""Options that a command line repeats as they are."""
DEFAULT_MODELS = ("llava-tiny",)
DEFAULT_LANGUAGE_MODELS = ("lm-tiny",)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for; `samples` is None for all, `batch_size` None for auto.

    `fewer_do` says that the number of samples was not asked for: the profile gives it, and a benchmark
    with fewer is taken whole. `draws` is None where the profile gives them. `sequential` is what a
    sequential verdict speaks of, empty where the number of samples is fixed.
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
    information: str
    occlusion_budget: str
    strict_observations: bool
    saliency: str
    encoder: str | None
    judge: str | None
    generator: str
    captioner: str
    language_models: tuple[str, ...]
    max_errors: float
    answer: str
    counterexamples: int | None
    offline: bool
    rehash: bool
    store: bool
    baseline: str
    save_baseline: str
    created: bool
    plan: bool
    sequential: str
    final_look: bool
    family_wise: bool
    noise_floor: bool
    margin_floor: bool

    @property
    def on_defaults(self) -> bool:
        """Whether the profile says what is measured on: what of it is not here is then left out."""
        return self.benchmarks == BENCHMARKS_OF[self.profile]

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

    @property
    def compares_only(self) -> bool:
        """Whether the exit status is the comparison's with a baseline alone; an audit asks for both."""
        return bool(self.baseline) and self.profile != "audit"

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
        flags += ["--strict-observations"] * self.strict_observations
        flags += [f"--baseline={self._baseline_file()}"] * bool(self.baseline)
        flags += ["--sequential", f"--target={self.sequential}"] * bool(self.sequential)
        flags += ["--final-look"] * self.final_look + ["--noise-floor"] * self.noise_floor
        flags += ["--margin-floor"] * self.margin_floor
        return [f"--{name.replace('_', '-')}={value}" for name, value in [*chosen, *values]] + flags

    def _baseline_file(self) -> str:
        """The baseline as it can be named whatever the report folder is; empty where there is none."""
        return str(names.find(self.baseline, self.report_dir) or self.baseline) if self.baseline else ""

    def as_row(self) -> dict[str, Any]:
        """The options as builtins, for the report."""
        row = asdict(self)
        return {
            k: str(v) if isinstance(v, Path) else list(v) if isinstance(v, tuple) else v
            for k, v in row.items()
        }


def header(config: pytest.Config, options: Options) -> list[str]:
    """The session's header; a line more where the rootdir is not that of the properties.

    pytest takes the folder of `--model FOLDER`, with a space, for a path of tests and looks there.
    """
    root, here = config.rootpath, config.invocation_params.dir
    folders = [Path(name).expanduser().resolve() for name in options.models if Path(name).is_dir()]
    misled = not here.is_relative_to(root) and any(folder.is_relative_to(root) for folder in folders)
    advice = f"ipllvm: rootdir {root} was taken from --model; write --model=FOLDER, with an equals sign"
    lacking = f"ipllvm: rootdir {root} holds no properties/: ipllvm check MODEL runs the shipped ones"
    if misled or (root / "properties").is_dir():
        return [options.describe(), *([advice] if misled else [])]
    return [options.describe(), lacking]


def check_workers(workers: int | None, options: Options) -> None:
    """Raises UsageError for more xdist workers than GPUs: each holds a model of its own."""
    count = parsing.gpus()
    if workers and count and workers > count and not options.device.startswith("cpu"):
        raise UsageError(f"-n {workers}: a worker holds a model and there are {count} GPU(s): use -n {count}")


def read(config: pytest.Config) -> Options:
    """The options of this run; raises UsageError in one line for a value that can't be used."""

    def value(name: str) -> Any:
        return config.getoption(destination(name))

    device = str(value("device"))
    baseline, save, created = _baselines(value)
    if (baseline or save) and len(value("model") or DEFAULT_MODELS) > 1:
        raise UsageError("a baseline is of one model: give one --model")
    profile = parsing.profile(str(value("profile")), device)
    models = parsing.models(value("model") or DEFAULT_MODELS)
    fit = CLASSES if all(map(names_classes, models)) else BENCHMARKS_OF[profile]
    return Options(
        models=models,
        benchmarks=tuple(BENCHMARKS.check(n) for n in dict.fromkeys(value("benchmark") or fit)),
        samples=parsing.samples(str(value("samples"))),
        fewer_do=value("samples") == "auto",
        draws=parsing.number_or_auto("draws", value("draws")),
        profile=profile,
        seed=parsing.whole("seed", value("seed"), 0),
        device=parsing.device(device),
        dtype=parsing.one_of("dtype", value("dtype"), DTYPES),
        batch_size=None
        if value("batch-size") == "auto"
        else parsing.whole("batch-size", value("batch-size"), 1),
        claims=None if value("claims") is None else parsing.claims_file(Path(value("claims"))),
        fail_undecided=parsing.one_of("undecided", value("undecided"), UNDECIDED) == "fail",
        report_only=bool(value("report-only")),
        report_dir=parsing.folder(Path(value("report-dir"))),
        prompt=parsing.one_of("prompt", value("prompt"), PROMPTS),
        scope=parsing.one_of("scope", value("scope"), SCOPES),
        noise=parsing.one_of("noise", value("noise"), KINDS),
        information=parsing.one_of("information", value("information"), HOW),
        occlusion_budget=parsing.one_of("occlusion-budget", value("occlusion-budget"), BUDGETS),
        strict_observations=bool(value("strict-observations")),
        saliency=str(value("saliency")),
        encoder=value("encoder"),
        judge=value("judge"),
        generator=(artist := parsing.one_of("generator", value("generator"), GENERATORS)),
        captioner=check_name(value("captioner") or CAPTIONERS[artist]),
        language_models=tuple(dict.fromkeys(value("language-model") or DEFAULT_LANGUAGE_MODELS)),
        answer=parsing.one_of("answer", value("answer"), ANSWERS),
        counterexamples=None
        if value("counterexamples") == "auto"
        else parsing.whole("counterexamples", value("counterexamples"), 0),
        max_errors=parsing.budget(str(value("max-errors"))),
        offline=bool(value("offline")),
        rehash=bool(value("rehash")),
        store=not value("no-store"),
        baseline=baseline,
        save_baseline=save,
        created=created,
        plan=bool(value("plan")),
        sequential=_sequential(value),
        final_look=bool(value("final-look")),
        family_wise=bool(value("family-wise")),
        noise_floor=bool(value("noise-floor")),
        margin_floor=bool(value("margin-floor")),
    )


def _baselines(value: Callable[[str], Any]) -> tuple[str, str, bool]:
    """What to compare with, the name to keep the run under, and whether it is the first baseline.

    Raises UsageError where --baseline-if-missing=create is asked for and a machine asks.
    """
    asked, save = str(value("baseline") or ""), str(value("save-baseline") or "")
    if value("baseline") == "" or value("save-baseline") == "":
        raise UsageError("--baseline and --save-baseline: give a name")
    names.new(save, "--save-baseline")
    missing = parsing.one_of("baseline-if-missing", value("baseline-if-missing"), IF_MISSING)
    if missing == "fail":
        return asked, save, False
    if not asked or save:
        raise UsageError("--baseline-if-missing=create: give --baseline=NAME, and leave --save-baseline out")
    if os.environ.get("CI"):
        raise UsageError(
            "--baseline-if-missing=create: CI is set, where no run may become its own baseline: commit one"
        )
    if names.find(names.new(asked, "--baseline"), Path(value("report-dir"))) is not None:
        return asked, "", False
    return "", asked, True


def _sequential(value: Callable[[str], Any]) -> str:
    """The target of a sequential run; raises UsageError for what does not go with one, or without."""
    target = parsing.one_of("target", value("target"), TARGETS)
    if value("sequential") and (value("baseline") or value("save-baseline")):
        raise UsageError("--sequential: a baseline needs a fixed number of samples; leave one of the two out")
    if value("margin-floor") and not value("noise-floor"):
        raise UsageError("--margin-floor: give --noise-floor too")
    if value("sequential") and value("noise-floor"):
        raise UsageError("--noise-floor needs a fixed number of samples; leave --sequential out")
    if value("sequential"):
        return target
    if value("final-look") or target != TARGETS[0]:
        option = "--final-look" if value("final-look") else f"--target {target}"
        raise UsageError(f"{option}: give --sequential too")
    return ""


def benchmarks(marker: pytest.Mark | None, asked: Options) -> list[Any]:
    """What a test is measured on: the names of its `benchmarks` marker in place of the default.

    Of those asked for on the command line it takes the ones that the marker names, also as `also`;
    where there are none the test is skipped with the reason. So is a test without the marker on a
    benchmark that has no pictures.
    """
    if marker is None:
        blind = pytest.mark.skip(reason="the benchmark has no pictures")
        return [pytest.param(n, marks=blind) if n in TEXT_ONLY else n for n in asked.benchmarks]
    if asked.on_defaults:
        return list(marker.args)
    known = (*marker.args, *marker.kwargs.get("also", ()))
    chosen = [name for name in asked.benchmarks if name in known]
    unfit = pytest.mark.skip(reason=f"is measured on {', '.join(known)}")
    return chosen or [pytest.param(name, marks=unfit) for name in asked.benchmarks]
