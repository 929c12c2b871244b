"""What --sequential, --noise-floor and --family-wise make of a test: its calls and its level."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import pytest

from ipllvm.session.outcomes import OPTIONS, case

if TYPE_CHECKING:
    from ipllvm.records import Claim


@runtime_checkable
class Measures(Protocol):
    """What the fixture `evaluation` is to a session."""

    def measure(self, test: Callable[[], object]) -> None:
        """Call a test as often as it takes."""
        ...


@runtime_checkable
class HoldsOnce(Protocol):
    """What the fixture `probe` is to a session."""

    def hold_once(self, law: Callable[[], object], name: str, file: Path) -> None:
        """Try a law that did not hold before."""
        ...


def call(item: pytest.Function) -> bool | None:
    """Let the evaluation of a property call its test, the probe a law; None leaves other tests to pytest."""
    evaluation, probe = item.funcargs.get("evaluation"), item.funcargs.get("probe")
    if isinstance(evaluation, Measures):
        evaluation.measure(_bound(item))
    elif isinstance(probe, HoldsOnce) and item.get_closest_marker("law"):
        probe.hold_once(_bound(item), item.name, item.path)
    else:
        return None
    return True


def _bound(item: pytest.Function) -> Callable[[], object]:
    """The test of an item with its fixtures."""
    return partial(item.obj, **{name: item.funcargs[name] for name in item._fixtureinfo.argnames})


def sequence(item: pytest.Item) -> str:
    """What the row says of its order: the target, or why its number of samples is fixed."""
    options, fixed = item.config.stash[OPTIONS], item.get_closest_marker("fixed_n")
    if not options.sequential or fixed is None:
        return options.target if options.sequential else ""
    return f"fixed number of samples: {fixed.args[0]}"


def own_levels(item: pytest.Item, claims: "Mapping[str, Claim]") -> "Mapping[str, Claim]":
    """With --family-wise: each claim at its alpha over the k requirements selected for the model.

    k is what was collected (Bonferroni): skips that were known then are no part of it. With --exact each
    claim has the bound that was asked for.
    """
    k, exact = family(item), item.config.stash[OPTIONS].exact
    return {
        name: replace(
            claim,
            alpha=claim.alpha / k if claim.kind == "requirement" else claim.alpha,
            exact=exact or claim.exact,
        )
        for name, claim in claims.items()
    }


def family(item: pytest.Item) -> int:
    """Among how many requirements, selected for the model of a test, alpha is shared; 1 if it is not."""
    if not item.config.stash[OPTIONS].family_wise:
        return 1
    model = case(item).get("model")
    selected = [each for each in item.session.items if case(each).get("model") == model]
    members = [each for each in selected if case(each)["primary"] and not each.get_closest_marker("skip")]
    return max(1, len(members))
