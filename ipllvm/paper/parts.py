"""The tables and figures of the paper, as data (parts.toml)."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

from ipllvm.claims.tables import shipped
from ipllvm.errors import UnknownName
from ipllvm.session.profiles import OWN, PUBLISHED

ENCODER_SIDE: Final = "fig6a"
"""The part that is about models which only name classes."""
EMBEDDED_ENCODERS: Final = ("vit-tiny", "resnet-tiny")
_IMAGENET: Final = ("imagenet",)
LISTS: Final = ("models", "series", "stand_ins", "averages")


@dataclass(frozen=True, slots=True)
class PaperPart:
    """A table or figure: which scores or series of which property it shows, and how the paper is read.

    `models` are those that the paper shows there, `scores` by what they are called in the table.
    `change` names the change between two of them (`label`, `of`, `from`, and the estimate that is `paired`),
    `averages` the labels whose average the paper prints or would; `by_label` says that a benchmark's own
    categories have rows, `language_models` that each language model has. `stand_ins` are made here, and
    measured where none of the paper's sets is. `darker` says whether a map is darker where there is more or
    less; `across` names a curve's axis.
    """

    key: str
    where: str
    title: str
    property_name: str
    form: str
    models: tuple[str, ...]
    reading: str
    scores: Mapping[str, str] = field(default_factory=dict)
    series: tuple[str, ...] = ()
    darker: str = "more"
    across: str = ""
    change: Mapping[str, str] = field(default_factory=dict)
    averages: tuple[str, ...] = ()
    by_label: bool = False
    language_models: bool = False
    stand_ins: tuple[str, ...] = OWN

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """What the paper measures it on."""
        return _IMAGENET if self.key == ENCODER_SIDE else PUBLISHED[self.property_name]

    @property
    def anomalies(self) -> tuple[str, ...]:
        """What is odd about the printed table as a whole."""
        own = tuple(_stored()["anomalies"].get(self.key, ()))
        return (*own, *shipped("table1.toml")["anomalies"]) if self.key == "table1" else own


@cache
def parts() -> dict[str, PaperPart]:
    """All parts by key, in the paper's order."""
    return {key: _part(key, each) for key, each in _stored().items() if key != "anomalies"}


def keys() -> tuple[str, ...]:
    """All that `chosen` takes."""
    return (*parts(), "fig6", "fig9")


def chosen(keys: Sequence[str]) -> list[PaperPart]:
    """The parts of those keys, all where none is named; fig6 and fig9 are both of their halves.

    Raises UnknownName.

    >>> [part.key for part in chosen(["fig9", "table1"])]
    ['table1', 'fig9a', 'fig9b']
    """
    available = parts()
    wanted = {part for key in keys for part in _of(key, available)} if keys else set(available)
    return [part for key, part in available.items() if key in wanted]


def _of(key: str, available: Mapping[str, PaperPart]) -> list[str]:
    found = [each for each in available if each == key or (each[:-1] == key and each[-1] in "ab")]
    if not found:
        raise UnknownName("part of the paper", key, keys())
    return found


def _part(key: str, given: Mapping[str, Any]) -> PaperPart:
    lists = {name: tuple(given[name]) for name in LISTS if name in given}
    return PaperPart(**{**given, **lists, "key": key})


@cache
def _stored() -> dict[str, Any]:
    return tomllib.loads(files("ipllvm.paper").joinpath("parts.toml").read_text(encoding="utf-8"))
