"""A published benchmark as data: what its rows hold, how it is asked, and which rules score it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ipllvm.benchmarks.cells import BadCell, Row
from ipllvm.errors import BenchmarkUnavailable, UnknownName
from ipllvm.records import Benchmark, Sample
from ipllvm.registry import BENCHMARKS

STANDARD = "standard"
PAPER = "paper"
OWN_RULE = "strict"
_UNFIT = re.compile(r"[^0-9A-Za-z]+")


def whole_set(rows: Sequence[Row]) -> Sequence[int]:
    """The places of all rows."""
    return range(len(rows))


@dataclass(frozen=True, slots=True)
class Protocol:
    """How a benchmark is asked and scored.

    `prompt` words a question from the row and the sample without a prompt; `rule` names one of the
    definition's rules; `after` says whose habits these are; `subset` says the places of the rows that count;
    `sample` takes the place of the definition's where the protocol has labels of its own.
    """

    prompt: Callable[[Row, Sample], str]
    max_new_tokens: int
    rule: str
    after: str
    subset: Callable[[Sequence[Row]], Sequence[int]] = whole_set
    sample: Callable[[Row], Sample] | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """A published benchmark.

    `sample` makes a sample, without its prompt and its pictures, of a row in the hub's columns; `key` are
    columns that know a row, the first that is there counts; `rules` are scorers by the rule's name, with
    "strict" for the project's own reading; `total` is its name among the totals; `axes` are the labels
    that have a score of their own.
    """

    name: str
    title: str
    size: int
    licence: str
    sample: Callable[[Row], Sample]
    protocols: Mapping[str, Protocol]
    rules: Mapping[str, str]
    total: str = "accuracy"
    axes: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    loader: Callable[..., Benchmark] | None = None
    totals: Mapping[str, str] = field(default_factory=dict)
    """Totals of single rules, where they differ."""

    def __call__(
        self, seed: int = 0, folder: Path | None = None, offline: bool = False, protocol: str = STANDARD
    ) -> Benchmark:
        """The benchmark, asked and scored as the protocol says; nothing is random.

        Looks in `folder`, else in $IPLLVM_DATA, else in the hub's cache, and unless `offline` on the hub.
        Raises BenchmarkUnavailable, in one line.
        """
        if self.loader is not None:
            return self.loader(seed=seed, folder=folder, offline=offline)
        raise BenchmarkUnavailable(f"benchmark '{self.name}' is not on this machine")

    def protocol(self, name: str) -> Protocol:
        """The protocol of that name; raises UnknownName."""
        if name not in self.protocols:
            raise UnknownName(f"protocol of '{self.name}'", name, self.protocols)
        return self.protocols[name]

    def scorer(self, rule: str) -> str:
        """The scorer of that rule; raises UnknownName."""
        if rule not in self.rules:
            raise UnknownName(f"rule of '{self.name}'", rule, self.rules)
        return self.rules[rule]

    def total_of(self, rule: str) -> str:
        """The name of the total that answers scored by that rule are put together by."""
        return self.totals.get(rule, self.total)

    def known_by(self, row: Row, index: int) -> str:
        """What a row is known by: its `id`, else the benchmark's own key, else its place, from 0."""
        named = (row[column] for column in ("id", *self.key) if row.get(column) is not None)
        return str(next(named, index))

    def samples(self, rows: Sequence[Row], protocol: str = STANDARD) -> Iterator[tuple[int, Sample]]:
        """The places and samples of the rows that count; raises BenchmarkUnavailable with the bad row."""
        asked = self.protocol(protocol)
        taken: dict[str, int] = {}
        for index in asked.subset(rows):
            row = rows[index]
            try:
                bare = (asked.sample or self.sample)(row)
                name = _unique(f"{self.name}-{self.known_by(row, index)}", taken)
                sample = replace(bare, id=name, cluster=bare.cluster or name)
                yield index, replace(sample, prompt=asked.prompt(row, sample))
            except BadCell as error:
                raise BenchmarkUnavailable(f"benchmark '{self.name}': row {index + 1}, {error}") from error


def _unique(name: str, taken: dict[str, int]) -> str:
    """`name` fit for a file, with a number behind it from the second time on."""
    plain = _UNFIT.sub("-", name).strip("-")
    taken[plain] = taken.get(plain, 0) + 1
    return plain if taken[plain] == 1 else _unique(f"{plain}-again-{taken[plain]}", taken)


def published(name: str) -> Definition:
    """The definition of a published benchmark; raises UnknownName, with the published ones."""
    known = BENCHMARKS.load(name) if name in BENCHMARKS else None
    if not isinstance(known, Definition):
        raise UnknownName("published benchmark", name, filter(_is_published, BENCHMARKS))
    return known


def _is_published(name: str) -> bool:
    return isinstance(BENCHMARKS.load(name), Definition)
