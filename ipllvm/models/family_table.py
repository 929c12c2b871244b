"""What of a model family is held to plain `generate`, how long its class is, and what it can't show."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipllvm.registry import FAMILIES

PACKAGE = "ipllvm.models.families"


@dataclass(frozen=True, slots=True)
class FamilyRow:
    """A model type: its class with file and lines, what is exact, what is NOT TESTED and why.

    `exact` is of 1 single, B batches, P permuted, D drafts, L layers, S questions in one row, J permuted
    behind the projector, M several pictures; of what is asked as a whole "pixels and words". `shared` and
    `again` are of the decoder that the type has by default: prompts share rows; rejected drafts run again.
    """

    name: str
    written: str
    lines: str
    exact: str
    untested: tuple[str, ...]
    several: bool
    shared: bool
    again: bool
    placed: bool
    sealed: str


def rows() -> Iterator[FamilyRow]:
    """That of each registered model type, in their order."""
    from transformers import CONFIG_MAPPING

    for name in FAMILIES:
        config = CONFIG_MAPPING[name]().get_text_config() if name in CONFIG_MAPPING else None
        yield row(name, FAMILIES.load(name), config)


def row(name: str, family: Any, config: Any) -> FamilyRow:
    """That of one type, with the configuration of its usual decoder."""
    from ipllvm.models.language_half import forgets, shares_rows

    sealed = str(family.sealed)
    again = not sealed and (family.FORGETS or forgets(config))
    shared = not sealed and family.SHARED and not again and shares_rows(config)
    exact = f"1BPDL{'S' * shared}J{'M' * family.SEVERAL}"
    untested = [f"tokens and layers: it {sealed}"] if sealed else []
    if not sealed and not shared:
        why = "a state can't be cut" if again else "its decoder or mask needs the whole prompt"
        untested.append(f"shared rows: {why}")
    if config is None and family.__module__.startswith(PACKAGE):
        untested.append("needs a transformers that has it")
    if not family.SEVERAL:
        untested.append("several pictures: it takes only one")
    if not sealed and not family.placed:
        untested.append("maps, groups, centre and edge: its queries have no positions")
    return FamilyRow(
        name,
        f"{family.__name__} ({Path(inspect.getfile(family)).name}, {lines(family)})",
        lines(family),
        "pixels and words" if sealed else exact,
        tuple(untested),
        family.SEVERAL,
        shared,
        again,
        not sealed and family.placed,
        sealed,
    )


def lines(family: Any) -> str:
    """Lines of a class that are not blank, and of the families that it is built on: "2 + 23"."""
    own, *built_on = (
        sum(bool(line.strip()) for line in inspect.getsource(each).splitlines())
        for each in family.__mro__
        if each is family or each.__module__.startswith(PACKAGE)
    )
    return f"{own} + {sum(built_on)}" if built_on else f"{own}"
