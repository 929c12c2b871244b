"""A published benchmark as data: what its rows hold, how it is asked, and which rules score it."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.cells import BadCell, Row, row_name
from ipllvm.benchmarks.jsonlines import in_lines
from ipllvm.benchmarks.names import ALIASES, STANDARD
from ipllvm.benchmarks.originals import by_id, json_file, lines, tables
from ipllvm.benchmarks.rendering import shared_digest
from ipllvm.benchmarks.sources import Copy, Hub, files, find
from ipllvm.benchmarks.subset import OF_PAIRS
from ipllvm.benchmarks.tables import SUFFIXES, opening
from ipllvm.benchmarks.tables.pictures import Keyed
from ipllvm.errors import BenchmarkUnavailable, UnknownName, UsageError
from ipllvm.records import Benchmark, Sample
from ipllvm.registry import BENCHMARKS

OWN_RULE = "strict"
INDEX = "index"
"""What VLMEvalKit's tables number their rows by."""
QUESTION = "question_id"
"""What LLaVA's answers name their rows by, whatever the benchmark."""
NOWHERE = Hub((), ())
_UNFIT = re.compile(r"[^0-9A-Za-z]+")


def whole_set(rows: Sequence[Row]) -> Sequence[int]:
    """The places of all rows."""
    return range(len(rows))


@dataclass(frozen=True, slots=True)
class Protocol:
    """How a benchmark is asked and scored.

    `prompt` words a question from the row and the sample without a prompt; `rule` names one of the
    definition's rules; `after` says whose habits these are; `subset` says the places of the rows that count;
    `sample` and `judged` take the place of the definition's where the protocol has labels or a judge of its
    own.
    """

    prompt: Callable[[Row, Sample], str]
    max_new_tokens: int
    rule: str
    after: str
    subset: Callable[[Sequence[Row]], Sequence[int]] = whole_set
    sample: Callable[[Row], Sample] | None = None
    judged: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """A published benchmark.

    `sample` makes a sample, without its prompt and its pictures, of a row in the hub's columns; `key` are
    columns that know a row, the first that is there counts; `rules` are scorers by the rule's name, with
    "strict" for the project's own reading; `total` is its name among the totals; `axes` are the labels
    that have a score of their own. `hub` says where the files are, `pictures` which columns hold pictures,
    `original` reads the original release where a folder is one, `of_table` a row of VLMEvalKit's table.
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
    hub: Hub = NOWHERE
    pictures: tuple[str, ...] = ("image",)
    released: tuple[str, ...] = ()
    """JSON files of the original release that `original` reads whole from their folder."""
    plain: Callable[[str], str] = str
    """A row's name without what differs between releases, so that answers to either are told to it."""
    original: Callable[[Path], list[dict[str, Any]] | None] | None = None
    of_table: Callable[[dict[str, Any]], Row] | None = None
    judged: str = ""
    loader: Callable[..., Benchmark] | None = None
    totals: Mapping[str, str] = field(default_factory=dict)
    """Totals of single rules, where they differ."""
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Rows of the published set by axis and label."""
    errata: tuple[str, ...] = ()
    """What is known to be odd in the published set."""
    terms: str = ""
    """What has to be accepted before it is fetched."""

    def __call__(
        self, seed: int = 0, folder: Path | None = None, offline: bool = False, protocol: str = STANDARD
    ) -> Benchmark:
        """The benchmark, asked and scored as the protocol says; nothing is random.

        Looks in `folder`, else in $IPLLVM_DATA, else in the hub's cache, and unless `offline` on the hub.
        Raises BenchmarkUnavailable, in one line.
        """
        if self.loader is not None and protocol == STANDARD:
            return self.loader(seed=seed, folder=folder, offline=offline)
        copy = Copy(folder, str(folder)) if folder is not None else self.copy(offline)
        return self.benchmark(self.rows_in(copy.folder), copy.source, protocol)

    def copy(self, offline: bool = False) -> Copy:
        """Where its files are; raises BenchmarkUnavailable, in one line that says what to do."""
        return find(self.name, self.hub, offline)

    def rows_in(self, folder: Path) -> list[dict[str, Any]]:
        """The rows of a copy in the hub's columns, pictures as values; raises BenchmarkUnavailable.

        A copy is the original release, the hub's files, or VLMEvalKit's table.
        """
        try:
            found = opening.with_pictures(self._given(folder), self.pictures, folder)
        except (UsageError, OSError) as error:
            raise BenchmarkUnavailable(f"benchmark '{self.name}': {folder}: {error}") from error
        if not found:
            raise BenchmarkUnavailable(f"benchmark '{self.name}': {self._nothing_in(folder)}")
        return found

    def _given(self, folder: Path) -> list[dict[str, Any]]:
        """The rows of a copy as they stand there, pictures as they are named; none where it is no copy."""
        given = self._original(folder)
        if given is None:
            given = [row for path in files(folder, self.hub.files) for row in opening.rows(path)]
        if not given:
            given = [self._of_table(row) for path in tables(folder, ".tsv") for row in opening.rows(path)]
        if not given:
            given = [row for path in tables(folder, ".jsonl") for row in opening.rows(path)]
        return given

    def _original(self, folder: Path) -> list[dict[str, Any]] | None:
        try:
            return self.original(folder) if self.original is not None else None
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise UsageError(f"{folder}: not the original release of '{self.name}': {error!r}") from error

    def _nothing_in(self, folder: Path) -> str:
        hub = f"the hub's files ({self.hub.files[0]})" if self.hub.files else "the hub's files"
        return f"{folder} holds neither {hub} nor another form that is known"

    def benchmark(self, rows: Sequence[Row], source: str, protocol: str) -> Benchmark:
        """Rows as a benchmark; raises BenchmarkUnavailable for a row that can't be used."""
        asked = self.protocol(protocol)
        placed = list(self.samples(rows, protocol))
        pictures = [self._pictures_of(rows[place], place) for place, _ in placed]
        samples = tuple(self._with(*each) for each in zip((s for _, s in placed), pictures, strict=True))
        keys = (picture.digest() for each in pictures for picture in each)
        whole = "" if len(rows) == self.size else f", {len(rows):,} rows of the published {self.size:,}"
        part = "" if len(placed) == len(rows) else f", {len(placed):,} of them asked"
        scorer = self.scorer(asked.rule)
        blank = sum(not all(map(str.strip, sample.choices)) for sample in samples)
        unread = f", the options of {blank:,} can't be read" if blank else ""
        return Benchmark(
            self.name if protocol == STANDARD else f"{self.name}@{protocol}",
            samples,
            scorer,
            shared_digest(samples, protocol.encode(), *keys),
            f"{source}{whole}{part}{unread}; protocol {protocol} ({asked.after})",
            asked.max_new_tokens,
            pairs=self.total in OF_PAIRS,
            judged=asked.judged or self.judged,
            axes=self.axes,
            total=self.total_of(asked.rule),
        )

    def _pictures_of(self, row: Row, place: int) -> list[Keyed]:
        cells = [row[column] for column in self.pictures if row.get(column) is not None]
        found = [each for value in cells for each in (value if isinstance(value, list) else [value])]
        if self.pictures and not found:
            raise BenchmarkUnavailable(
                f"benchmark '{self.name}': row {place + 1}, column '{self.pictures[0]}': there is no picture"
            )
        return found

    def _with(self, sample: Sample, pictures: Sequence[Keyed]) -> Sample:
        """The sample with its pictures, which are its cluster where the row names none."""
        alone = pictures and sample.cluster == sample.id
        cluster = f"{self.name}-{pictures[0].digest().hex()[:16]}" if alone else sample.cluster
        return replace(sample, images=tuple(pictures), cluster=cluster)

    def table(self, path: Path) -> list[dict[str, Any]]:
        """The rows of a file in the hub's columns, or in VLMEvalKit's where it is .tsv; raises UsageError.

        A folder is a copy, as for `rows_in`, but its pictures need not be there; a JSON file is one of the
        original release, or holds a list of rows, or rows by id.
        """
        if path.is_dir():
            return self._in_folder(path)
        suffix = path.suffix.lower()
        if suffix == ".tsv":
            return [self._of_table(row) for row in opening.rows(path)]
        if suffix == ".json" and not in_lines(path):
            known = self._original(path.parent) if path.name in self.released else None
            return known or by_id(path, json_file(path))
        return opening.rows(path) if suffix in SUFFIXES else lines(path)

    def _in_folder(self, folder: Path) -> list[dict[str, Any]]:
        try:
            found = self._given(folder)
        except OSError as error:
            raise UsageError(f"{folder}: can't be read: {error.strerror or error}") from error
        if not found:
            raise UsageError(self._nothing_in(folder))
        return found

    def _of_table(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row of VLMEvalKit's table in the hub's columns; raises UsageError."""
        try:
            return dict(self.of_table(row)) if self.of_table is not None else row
        except KeyError as error:
            raise UsageError(
                f"'{self.name}': VLMEvalKit's table has a column {error}, this one none"
            ) from None

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
        return row_name(next(named, index))

    def named_by(self, rows: Sequence[Row]) -> list[str]:
        """The columns that name a row in answers to it: `id` first where rows have one, else its own key."""
        own = [*self.key, INDEX]
        named = any(row.get("id") is not None for row in rows)
        return list(dict.fromkeys(["id", *own, QUESTION] if named else [*own, "id", QUESTION]))

    def names(self, rows: Sequence[Row], given: Collection[str]) -> list[str]:
        """What each row is known by: as `known_by`, or by the column of its key that fits more of `given`."""
        usual = [self.known_by(row, index) for index, row in enumerate(rows)]
        columns = dict.fromkeys((*self.key, INDEX))
        keyed = [column for column in columns if all(row.get(column) is not None for row in rows)]
        ways = [usual, *([row_name(row[column]) for row in rows] for column in keyed)]
        wanted = set(map(self.plain, given))
        return max(ways, key=lambda way: len(set(map(self.plain, way)) & wanted))

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


def fit_for_files(name: str) -> str:
    """`name` in letters, digits and hyphens.

    >>> fit_for_files("mme-OCR/0001.jpg")
    'mme-OCR-0001-jpg'
    """
    return _UNFIT.sub("-", name).strip("-")


def _unique(name: str, taken: dict[str, int]) -> str:
    """`name` fit for a file, with a number behind it from the second time on."""
    plain = fit_for_files(name)
    taken[plain] = taken.get(plain, 0) + 1
    return plain if taken[plain] == 1 else _unique(f"{plain}-again-{taken[plain]}", taken)


def published(name: str) -> Definition:
    """The definition of a published benchmark, also by another of its names; raises UnknownName."""
    name = ALIASES.get(name, name)
    known = BENCHMARKS.load(name) if name in BENCHMARKS else None
    if not isinstance(known, Definition):
        raise UnknownName("published benchmark", name, all_published())
    return known


def all_published() -> list[str]:
    """The names of the published benchmarks."""
    return [name for name in BENCHMARKS if _is_published(name)]


def _is_published(name: str) -> bool:
    return isinstance(BENCHMARKS.load(name), Definition)
