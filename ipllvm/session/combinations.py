"""Options that do not go together, or not without another: told in one line before anything is collected."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ipllvm.errors import UsageError
from ipllvm.gate import names
from ipllvm.models.sources import is_endpoint

TARGETS: Final = ("population", "benchmark")
"""What a sequential verdict speaks of."""
LOSING: Final = {"forked": "it runs tests in processes whose results are lost"}
"""Options of pytest and of its plugins by which a run would have no report."""
UNGATED: Final = {
    "setupplan": "it measures nothing",
    "setuponly": "it measures nothing",
    "flake_finder": "it copies tests, and a comparison is made once",
    "retries": "it calls tests again, and a comparison is made once",
}
"""Those by which a gate would compare nothing, or end within the plugin."""
LISTING: Final = {
    "collectonly": ("--collect-only", "--co"),
    "ipllvm_plan": ("--plan", "--ipllvm-plan"),
    "showfixtures": ("--fixtures", "--funcargs"),
    "show_fixtures_per_test": ("--fixtures-per-test",),
    "markers": ("--markers",),
    "cacheshow": ("--cache-show",),
    "help": ("--help", "-h"),
    "version": ("--version", "-V"),
}
"""Those by which pytest ends in status 0 without a test, and their spellings."""
SPELT: Final = {"setupplan": "setup-plan", "setuponly": "setup-only"}


def check(values: Mapping[str, Any]) -> None:
    """Raises UsageError for options that do not go together, or not without another."""
    for there, why in _refused(values):
        if there:
            raise UsageError(why)


def _refused(values: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    """Each combination that is refused: whether it is there, and what is said of it."""
    sequential, noise = values["sequential"], values["noise_floor"]
    saved = values["save_baseline"]
    compared = bool(values["baseline"] or saved)
    creates = saved or values["baseline_if_missing"] == "create"
    stepwise, target = values["evidence"] == "looks", values["target"]
    later = sequential or noise or values["no_store"] or compared
    yield compared and len(values["models"]) > 1, "a baseline is of one model: give one --model"
    yield (
        sequential and creates,
        "--sequential: a baseline needs a fixed number of samples; leave one of the two out",
    )
    yield (
        sequential and compared and not stepwise,
        "--sequential: a gate has planned looks; give --evidence looks too",
    )
    yield from _idle(values)
    yield values["margin_floor"] and not noise, "--margin-floor: give --noise-floor too"
    yield sequential and noise, "--noise-floor needs a fixed number of samples; leave --sequential out"
    yield values["final_look"] and not sequential, "--final-look: give --sequential too"
    yield (
        values["top_up"] and later,
        "--top-up: not with --sequential, --noise-floor, --no-store or a baseline",
    )
    yield (
        values["shard"] and (later or values["top_up"]),
        f"--shard {values['shard']}: not with --sequential, --top-up, --noise-floor, --no-store "
        "or a baseline",
    )
    yield (
        stepwise and (not sequential or values["final_look"] or target != TARGETS[0]),
        "--evidence looks: needs --sequential, without --final-look or --target benchmark",
    )
    yield target != TARGETS[0] and not sequential, f"--target {target}: give --sequential too"


def check_pytest(typed: object, values: Mapping[str, Any]) -> None:
    """Raises UsageError for an option of pytest, or of another plugin, that this run can't have beside it.

    `typed` has the options of all plugins as attributes.
    """
    for name, why in (LOSING | UNGATED if values["baseline"] else LOSING).items():
        if getattr(typed, name, None):
            option = f"--{SPELT.get(name, name).replace('_', '-')}"
            raise UsageError(f"{option}: {why}: leave it out{' of a gate' * (name in UNGATED)}")


def check_added(options: object, words: Sequence[str]) -> None:
    """Raises UsageError for a gate of which nothing runs, unless the command line says so itself.

    `options` has those of pytest and ours as attributes. `words` are those of the command line, to which
    PYTEST_ADDOPTS and settings files add others; with --help among those pytest reads no option behind it.
    """
    typed = {word.partition("=")[0] for word in words}
    gate = getattr(options, "ipllvm_baseline", None) or typed & {"--baseline", "--ipllvm-baseline"}
    for name, spellings in LISTING.items() if gate else ():
        if getattr(options, name, None) and not typed & {*spellings}:
            raise UsageError(
                f"{spellings[0]}: PYTEST_ADDOPTS or a settings file of pytest adds it, and nothing is "
                "compared: leave it out of a gate"
            )


def _idle(values: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    """As `_refused`: options that would do nothing, of a gate, a plan, a judge or a served model."""
    needs = {
        "baseline": (("budget", None), ("variants", 1), ("fail_on", "violated")),
        "plan": (("catch", None),),
        "catch": (("power", 80.0),),
        "judge": (("judge_price", None),),
    }
    for needed, others in needs.items():
        for name, usual in others:
            idle = values[name] != usual and not values[needed]
            yield idle, f"--{name.replace('_', '-')}: give --{needed} too: it says nothing alone"
    served = any(map(is_endpoint, values["models"]))
    unpaid = "--model-price: no --model of this run is served (URL#NAME): leave it out"
    yield values["model_price"] is not None and not served, unpaid


def created(values: Mapping[str, Any]) -> bool:
    """Whether this run is to be the baseline that it asks for; raises UsageError where a machine asks."""
    asked: str | None = values["baseline"]
    if values["baseline_if_missing"] == "fail":
        return False
    if not asked or values["save_baseline"]:
        raise UsageError("--baseline-if-missing=create: give --baseline=NAME, and leave --save-baseline out")
    if os.environ.get("CI"):
        raise UsageError(
            "--baseline-if-missing=create: CI is set, where no run may become its own baseline: commit one"
        )
    return names.find(names.new("baseline", asked), values["report_dir"]) is None
