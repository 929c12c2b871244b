"""Checks of the judge, encoders and language models that options name, before any weights are read."""

from collections.abc import Iterator
from typing import Any

from ipllvm.benchmarks import choice
from ipllvm.errors import IpllvmError, UsageError
from ipllvm.judges import loading
from ipllvm.judges.recorded import PREFIX
from ipllvm.models import sources
from ipllvm.registry import SCORERS
from ipllvm.scorers.base import NeedsJudge
from ipllvm.session.options import Options


def check(options: Options) -> None:
    """Raises UsageError for the first name that can't be used, in one line that names its option."""
    for option, kind, name in _named(options):
        try:
            if option == "judge":
                loading.check(name, options.offline)
            else:
                sources.check_part(kind, name, options.offline)
        except IpllvmError as error:
            said = str(error)
            raise UsageError(said if said.startswith("--") else f"--{option}: {said}") from error


def require(options: Options) -> None:
    """Raises UsageError where a judge is named that can't be asked, or needed and not named."""
    if options.judge is not None:
        loading.require(options.judge)
        return
    for name in options.benchmarks:
        if _is_judged(name):
            raise UsageError(
                f"--benchmark {name}: a judge grades it: give --judge=NAME of a language model, "
                f"--judge=URL#MODEL or --judge={PREFIX}FILE"
            )


def _is_judged(benchmark: str) -> bool:
    """Whether nothing but a judge can grade a benchmark."""
    rule: Any = SCORERS.load(scorer) if (scorer := choice.scorer_of(benchmark)) else None
    return isinstance(rule, NeedsJudge) and not getattr(rule, "alone", False)


def _named(options: Options) -> Iterator[tuple[str, str, str]]:
    """Option, what it names, and the name."""
    for option, kind in (("saliency", "encoder"), ("encoder", "encoder"), ("judge", "language model")):
        name = getattr(options, option)
        if name:
            yield option, kind, name
    yield from (("language-model", "language model", name) for name in options.language_models)
