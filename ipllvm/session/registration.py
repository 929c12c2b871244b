"""The options of the checks, registered with pytest once, each with its help and default."""

from argparse import ArgumentError
from typing import Any

import pytest

from ipllvm.artifacts.synthetic import GENERATORS
from ipllvm.perturbations.noise import KINDS
from ipllvm.perturbations.occlusion import BUDGETS
from ipllvm.perturbations.permutation import SCOPES
from ipllvm.perturbations.selection import HOW

TARGETS = ("population", "benchmark")


def register(parser: pytest.Parser) -> None:
    """Add every option, each also spelled --ipllvm-NAME."""
    group = parser.getgroup("ipllvm", "property checks of large language-and-vision models")

    def add(name: str, help: str, **settings: Any) -> None:
        shown = settings if "action" in settings else {"metavar": name.upper(), **settings}
        try:
            group.addoption(f"--{name}", f"--ipllvm-{name}", dest=destination(name), help=help, **shown)
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
    add("strict-observations", "let observations fail the run as requirements do", action="store_true")
    add("report-only", "measure and report, never fail a claim", action="store_true")
    add("report-dir", "where reports are written (default reports)", default="reports", metavar="DIR")
    add("prompt", "the checkpoint's own template, or the original LLaVA prompt", default="checkpoint")
    add("scope", f"what a permutation moves: {', '.join(SCOPES)}", default=SCOPES[0])
    add("baseline", "compare with a saved baseline: a name, or a file", metavar="NAME")
    add("baseline-if-missing", "fail, or create: make this run the baseline (not in CI)", default="fail")
    add("save-baseline", "keep what was found as REPORT_DIR/baselines/NAME.json", metavar="NAME")
    add("plan", "say what would be run and what it costs; load no weights", action="store_true")
    add("rehash", "read the weights of --model anew for its fingerprint", action="store_true")
    add("no-store", "measure anew, keep no outcomes in --report-dir", action="store_true")
    add("noise", f"noise of the importance properties: {', '.join(KINDS)}", default=KINDS[0])
    add("information", "patch information: keep a group's tokens, or pool them into one", default=HOW[0])
    add(
        "occlusion-budget",
        "what a ratio of salient cells is a share of: count (cells) or mass (saliency)",
        default=BUDGETS[0],
    )
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
        "judge",
        "who judges free answers in place of rules: a language model, or an endpoint as URL#MODEL",
        metavar="NAME",
    )
    add(
        "language-model",
        "language model that alignment is measured with (default lm-tiny); repeatable",
        action="append",
        metavar="NAME",
    )
    add("answer", "generate, or likelihood: letters, yes and no by log-likelihood", default="generate")
    add("counterexamples", "answers to ask for to make a counterexample small: N or auto", default="auto")
    add("offline", "never ask the network", action="store_true")
    add("sequential", "measure on more and more samples until a claim is decided", action="store_true")
    add("target", f"what a sequential verdict speaks of: {' or '.join(TARGETS)}", default=TARGETS[0])
    add(
        "final-look",
        "sequential: keep a fifth of alpha for one test of all samples",
        action="store_true",
    )
    add("noise-floor", "measure twice, in other batches, and report what differs", action="store_true")
    add("margin-floor", "raise margins below the noise floor to it", action="store_true")
    add("family-wise", "share each claim's alpha among the requirements of a model", action="store_true")


def destination(name: str) -> str:
    """The name by which pytest keeps an option.

    >>> destination("batch-size")
    'ipllvm_batch_size'
    """
    return f"ipllvm_{name.replace('-', '_')}"
