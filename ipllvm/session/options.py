"""The command line of the checks: a table of options, read into one frozen value, checked early.

Nothing here imports torch or touches a model: unknown names and impossible values end the run in
one line before anything is collected. An option is one field of `Options`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import pytest

from ipllvm.artifacts.synthetic import CAPTIONERS, GENERATORS
from ipllvm.benchmarks import choice
from ipllvm.endpoints.price import Price
from ipllvm.endpoints.price import parse as price
from ipllvm.engine import shard
from ipllvm.engine.shard import Shard
from ipllvm.gate import budget, names
from ipllvm.gate.budget import Budget
from ipllvm.models.load_options import DEVICE_MAPS
from ipllvm.models.sources import check_name, display_names, is_endpoint, names_classes
from ipllvm.perturbations.noise import KINDS
from ipllvm.perturbations.occlusion import BUDGETS
from ipllvm.perturbations.permutation import SCOPES
from ipllvm.perturbations.selection import HOW
from ipllvm.records import EXACT
from ipllvm.safety import places
from ipllvm.session import clusters, combinations, labels, parsing
from ipllvm.session.combinations import TARGETS
from ipllvm.session.in_memory import in_hand
from ipllvm.session.option import ROW, Bears, Option, number, one_of, option, whole
from ipllvm.session.profiles import BENCHMARKS as BENCHMARKS_OF
from ipllvm.session.profiles import CLASSES, PROFILES, PUBLISHED, PUBLISHED_CLASSES, Size, size
from ipllvm.verdicts.failing import FAIL_ON, VIOLATED, FailRule

DEFAULT_MODELS: Final = ("llava-tiny",)
DEFAULT_LANGUAGE_MODELS: Final = ("lm-tiny",)
NOTHING, RUN, MEASUREMENT, PARAMETER = Bears


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for; one row an option, in the order of `--help`.

    `samples` is None for all and for the profile's; `fewer_do` says that their number was not asked for:
    the profile gives it, and a benchmark with fewer is taken whole. `created` says that there was no
    baseline, and that this run is to be it. `draws` is None where the profile gives
    them, `batch_size` where it is found by trying. `sequential` is whether the number of samples is open.
    """

    fewer_do: bool
    created: bool
    # fmt: off
    models: tuple[str, ...] = option(
        "alias, hub id, folder (write --model=/path), or URL#NAME of a served model; repeatable",
        RUN, name="model", many=True, metavar="NAME",
    )
    properties: tuple[str, ...] = option(
        "property to measure, by its name or that of its claim (ipllvm properties); repeatable",
        NOTHING, name="property", many=True, metavar="NAME",
    )
    benchmarks: tuple[str, ...] = option(
        "benchmark to measure on: a name, a file of questions, hub:ORG/NAME, lmms:TASK; repeatable",
        RUN, lambda _, name: choice.check(name), name="benchmark", many=True, metavar="NAME",
    )
    protocol: str = option(
        "prompts, token limits, rows and rules of published benchmarks: standard, or paper (its harness)",
        RUN, one_of("standard", "paper"), "standard",
    )
    profile: str = option(
        "sample sizes: quick, paper, audit, or auto (quick on a CPU, else paper)",
        RUN, one_of("auto", *PROFILES), "auto",
    )
    samples: int | None = option(
        "samples per benchmark: N, all, or auto (the profile's)", RUN, parsing.samples, "auto", absent="all"
    )
    draws: int | None = option(
        "draws of a random perturbation per sample, or auto (the profile's)",
        MEASUREMENT, whole(1, "auto"), "auto", absent="auto",
    )
    seed: int = option("seed of subsets and draws (default 0)", MEASUREMENT, whole(0), "0", metavar="N")
    device: str = option("auto, cpu, cuda or cuda:i", RUN, parsing.device, "auto")
    dtype: str = option(
        "auto (float32 on a CPU, bfloat16 on a GPU), float32, bfloat16, float16",
        RUN, one_of("auto", "float32", "bfloat16", "float16"), "auto",
    )
    batch_size: int | None = option("auto or N", RUN, whole(1, "auto"), "auto", metavar="N", absent="auto")
    claims: Path | None = option(
        "TOML file with your own claims, which override the shipped ones",
        RUN, parsing.claims_file, metavar="FILE",
    )
    fail_undecided: bool = option(
        "pass or fail: whether UNDECIDED fails the run (exit status 6)",
        NOTHING, lambda name, text: parsing.one_of(name, text, ("pass", "fail")) == "fail", "pass",
        name="undecided",
    )
    fail_on: str = option(
        "what fails a gate: violated (worse by more than the margin), or worse (at all)",
        NOTHING, one_of(*FAIL_ON), VIOLATED,
    )
    variants: int = option(
        "the checkpoint was picked as the best of N by this benchmark; a gate corrects for it",
        RUN, whole(1), "1", metavar="N",
    )
    budget: Budget | None = option(
        'gates share a budget: "1 false alarm per 100 checkpoints", or "5 % of alarms false"',
        RUN, budget.parse, metavar="TEXT",
    )
    exit: str = option(
        "exit status with Holm's correction over the claims (holm), or without (raw)",
        NOTHING, one_of("holm", "raw"), "holm",
    )
    strict_observations: bool = option("observations fail the run, as requirements do", RUN, flag=True)
    report_only: bool = option("measure and report; no verdict fails the run", NOTHING, flag=True)
    report_dir: Path = option(
        "where reports are written (default reports)", NOTHING, parsing.folder, "reports", metavar="DIR"
    )
    prompt: str = option(
        "the checkpoint's own template, or the original LLaVA prompt",
        MEASUREMENT, one_of("checkpoint", "original"), "checkpoint",
    )
    permutation_scope: str = option(
        f"what a permutation moves: {', '.join(SCOPES)}",
        PARAMETER, one_of(*SCOPES), SCOPES[0], aliases=("scope",),
    )
    baseline: str = option(
        "compare with a saved baseline: a name, a file, or the folder of a run",
        RUN, metavar="NAME",
    )
    save_baseline: str = option(
        "save the run as the baseline REPORT_DIR/baselines/NAME.json", NOTHING, names.new, metavar="NAME"
    )
    baseline_if_missing: str = option(
        "fail, or create: save this run as the baseline (refused in CI)",
        NOTHING, one_of("fail", "create"), "fail",
    )
    plan: bool = option("print what would be run and its cost; load no weights", NOTHING, flag=True)
    catch: float | None = option(
        "with --plan: print how many samples show a checkpoint to be POINTS worse",
        NOTHING, number(0.1, 100), metavar="POINTS",
    )
    power: float = option(
        "with --plan: the power, in %, for --catch", NOTHING, number(50, 99.9), "80"
    )
    adapter: str = option(
        "folder of a LoRA adapter (peft) to merge into --model", RUN, metavar="FOLDER"
    )
    revision: str = option(
        "branch, tag or commit of --model on the hub", RUN, metavar="NAME"
    )
    trust_remote_code: bool = option(
        "run the checkpoint's own code; nothing inside the model is then perturbed", RUN, flag=True
    )
    device_map: str = option(
        "spread --model over devices (needs accelerate): auto, balanced, balanced_low_0 or sequential",
        RUN, one_of(*DEVICE_MAPS), metavar="NAME",
    )
    prompt_template: str = option(
        "prompt of an original LLaVA checkpoint: vicuna_v1, ...", RUN, metavar="NAME"
    )
    vision_tower: str = option(
        "vision tower of an original LLaVA checkpoint: a folder or hub id", RUN, metavar="FOLDER"
    )
    base_model: str = option(
        "base model of an original LLaVA checkpoint's adapter or projector", RUN, metavar="FOLDER"
    )
    allow_pickle: bool = option("read *.bin and *.pt weights (torch's weights_only loader)", RUN, flag=True)
    rehash: bool = option(
        "recompute the fingerprint of the weights, even if files look unchanged", NOTHING, flag=True
    )
    no_store: bool = option("measure everything again and store no outcomes", RUN, flag=True)
    noise_kind: str = option(
        f"noise of the importance properties: {', '.join(KINDS)}",
        PARAMETER, one_of(*KINDS), KINDS[0], aliases=("noise",),
    )
    patch_information: str = option(
        "patch information: keep a group's tokens, or pool them into one",
        PARAMETER, one_of(*HOW), HOW[0], aliases=("information",),
    )
    occlusion_budget: str = option(
        "the ratio of salient cells to occlude is of their count, or of their mass (saliency)",
        PARAMETER, one_of(*BUDGETS), BUDGETS[0],
    )
    parameters: tuple[str, ...] = option(
        "value of a parameter that a property declares; repeatable",
        RUN, parsing.parameter, name="parameter", many=True, metavar="NAME=VALUE",
    )
    saliency: str = option(
        "model for saliency maps: clip-tiny, facebook/dino-vits16, ...", RUN, default="clip-tiny"
    )
    max_errors: float = option(
        "failed samples allowed before a property counts as not measured: N or a share",
        RUN, parsing.budget, "0",
    )
    generator: str = option(
        f"generator of synthetic pictures: {', '.join(GENERATORS)}", RUN, one_of(*GENERATORS), GENERATORS[0]
    )
    captioner: str = option(
        "model that captions pictures for the generator (default: its own)",
        RUN, lambda _, name: check_name(name), metavar="NAME",
    )
    encoder: str | None = option(
        "CLIP encoder for models whose own is unknown: clip-tiny, hub id, folder", RUN, metavar="NAME"
    )
    judge: str | None = option(
        "judge of free answers, in place of rules: a language model, URL#MODEL, or replay:FILE",
        RUN, metavar="NAME",
    )
    judge_price: Price | None = option(
        "the judge's price: dollars per million prompt and reply tokens, such as 2.5/10",
        NOTHING, price, metavar="IN/OUT",
    )
    model_price: Price | None = option(
        "the price of a served --model, as for --judge-price",
        NOTHING, price, metavar="IN/OUT",
    )
    labels: Path | None = option(
        'human labels that correct a judge, lines of {"id": SAMPLE, "answer": TEXT, "label": SCORE}',
        RUN, labels.path, metavar="FILE",
    )
    language_models: tuple[str, ...] = option(
        "language model to compare with in alignment (default lm-tiny); repeatable",
        RUN, name="language-model", many=True, metavar="NAME",
    )
    answer: str = option(
        "generate, or likelihood (option letters, yes and no, by log-likelihood)",
        MEASUREMENT, one_of("generate", "likelihood"), "generate",
    )
    counterexamples: int | None = option(
        "answers to spend on shrinking a counterexample: N or auto",
        NOTHING, whole(0, "auto"), "auto", absent="auto",
    )
    offline: bool = option("never use the network", RUN, flag=True)
    sequential: bool = option("add samples until each claim is decided", RUN, flag=True)
    shard: Shard | None = option(
        "measure part I of N without verdicts; ipllvm report --merge makes one report of all parts",
        NOTHING, shard.parse, metavar="I/N",
    )
    ray: str | None = option(
        "measure on a Ray cluster: auto (this machine's, or RAY_ADDRESS), local (start one), or HOST:PORT",
        NOTHING, clusters.address, metavar="ADDRESS",
    )
    target: str = option(
        f"what a sequential verdict is about: {' or '.join(TARGETS)}", RUN, one_of(*TARGETS), TARGETS[0]
    )
    top_up: int | None = option(
        "samples planned in total: this run and longer ones after it share alpha",
        RUN, whole(1), metavar="N",
    )
    evidence: str = option(
        "how a sequential run decides: bets (at any time), or looks (six; more power)",
        RUN, one_of("bets", "looks"), "bets",
    )
    final_look: bool = option(
        "with --sequential: reserve a fifth of alpha for one test of all samples", RUN, flag=True
    )
    noise_floor: bool = option(
        "measure twice, in other batches, and report differences (always for served models)", RUN, flag=True
    )
    margin_floor: bool = option("raise margins that are below the noise floor", RUN, flag=True)
    exact: str | None = option(
        "bets: proven bounds for every mean; dirichlet (default): only where clusters are few",
        RUN, one_of(*EXACT), metavar="NAME",
    )
    family_wise: bool = option(
        "divide each claim's alpha by the number of a model's requirements", RUN, flag=True
    )

    # fmt: on

    @property
    def store(self) -> bool:
        """Whether outcomes are kept."""
        return not self.no_store

    @property
    def store_dir(self) -> Path:
        """Where outcomes are kept: a shard's beside its report, to be taken away with it."""
        return places.store(self.report_dir, carried=self.shard is not None)

    @property
    def on_defaults(self) -> bool:
        """Whether the profile says what is measured on: what of it is not here is then left out."""
        return self.benchmarks == BENCHMARKS_OF[self.profile]

    @property
    def on_classes(self) -> bool:
        """Whether all models only name classes, and are measured on what is made for those."""
        return self.benchmarks == CLASSES and all(map(names_classes, self.models))

    def published(self, property_name: str) -> tuple[str, ...]:
        """What the paper measures a property on, where its profile was asked for and no benchmark."""
        own = PUBLISHED_CLASSES if self.on_classes else PUBLISHED if self.on_defaults else {}
        return own.get(property_name, ()) if self.profile == "paper" else ()

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
    def fail_rule(self) -> FailRule:
        """What of the results fails the run."""
        return FailRule.of(self.as_row())

    def size(self, property_name: str) -> Size:
        """How much of a property is measured: what --samples and --draws say, else the profile.

        A curve beside a claim stays the profile's under --samples=N, and is of all under --samples=all.
        """
        given = size(self.profile, property_name)
        samples = given.samples if self.fewer_do else self.samples
        curve = None if samples is None else given.curve
        return Size(samples, given.draws if self.draws is None else self.draws, curve)

    def command_line(self) -> list[str]:
        """The options that bear on a run, spelled as a command line that repeats it."""
        auto = {"samples": "auto"} if self.fewer_do else {}
        auto["baseline"] = self._baseline_file()
        values = {name: auto.get(name, getattr(self, name)) for name in OPTIONS}
        repeated = (row.repeated(values[name]) for name, row in OPTIONS.items() if row.bears is not NOTHING)
        return [argument for each in repeated for argument in each]

    def _baseline_file(self) -> str:
        """The baseline as it can be named whatever the report folder is; empty where there is none."""
        return str(names.find(self.baseline, self.report_dir) or self.baseline) if self.baseline else ""

    def measurement(self) -> dict[str, str | int | float | bool]:
        """What of the command line is a setting of every result."""
        return {name: getattr(self, name) for name, row in OPTIONS.items() if row.bears is MEASUREMENT}

    def as_row(self) -> dict[str, Any]:
        """The options as builtins, for the report."""
        row = asdict(self)
        return {
            k: str(v) if isinstance(v, Path) else list(v) if isinstance(v, tuple) else v
            for k, v in row.items()
        }


def _rows() -> Iterator[tuple[str, Option]]:
    for each in fields(Options):
        if ROW in each.metadata:
            row: Option = each.metadata[ROW]
            yield each.name, replace(row, name=row.name or each.name.replace("_", "-"))


OPTIONS: Final[Mapping[str, Option]] = dict(_rows())
"""The table: every option by the field that holds its value."""


def read(config: pytest.Config) -> Options:
    """The options of this run; raises UsageError in one line for a value that can't be used."""
    typed = {name: config.getoption(row.destination) for name, row in OPTIONS.items()}
    values = {name: row.read(typed[name]) for name, row in OPTIONS.items()}
    combinations.check(values)
    combinations.check_pytest(config.option, values)
    values["models"] = tuple(in_hand(config)) or parsing.models(values["models"] or DEFAULT_MODELS)
    values["profile"] = parsing.profile(values["profile"], values["device"])
    fit = CLASSES if all(map(names_classes, values["models"])) else BENCHMARKS_OF[values["profile"]]
    asked = (choice.under(name, values["protocol"]) for name in values["benchmarks"] or fit)
    values["benchmarks"] = tuple(dict.fromkeys(asked))
    values["captioner"] = values["captioner"] or CAPTIONERS[values["generator"]]
    values["language_models"] = values["language_models"] or DEFAULT_LANGUAGE_MODELS
    if created := combinations.created(values):
        values.update(baseline=None, save_baseline=values["baseline"], budget=None, variants=1)
    served = any(map(is_endpoint, values["models"]))
    values["noise_floor"] |= served and not (values["sequential"] or values["top_up"])
    values |= {name: values[name] or "" for name in ("baseline", "save_baseline")}
    return Options(fewer_do=typed["samples"] == "auto", created=created, **values)
