"""Whether an outcome file is whole, and each row in it what was written."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from ipllvm.engine.context import key
from ipllvm.engine.store.outcome_file import Damaged, Newer, OutcomeFile, Unreadable, problem, reading
from ipllvm.engine.store.outcome_row import checksum, plain, response
from ipllvm.engine.store.schema import ANSWER, TRIAL
from ipllvm.records import Trial

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Verified:
    """What is wrong with a file, empty where nothing is; `unchecked` outcomes are without a checksum."""

    problems: tuple[str, ...] = ()
    unchecked: int = 0


def verify(path: Path) -> Verified:
    """Check the structure, the contexts, and the key and the checksum of each row; the file is only read."""
    try:
        file = OutcomeFile.open(path)
        try:
            return check(file)
        finally:
            file.close()
    except (Damaged, Newer, Unreadable) as trouble:
        return Verified((problem(trouble),))


def disagreements(paths: Iterable[Path]) -> list[str]:
    """What two files answer differently, a line for each pair; files that can't be read are left out.

    Neither answer is used: which of them is right no file tells.
    """
    known: dict[bytes, tuple[int, Path]] = {}
    found: Counter[tuple[Path, Path]] = Counter()
    firsts: dict[tuple[Path, Path], str] = {}
    for path in paths:
        for name, sample, answer in _answers(path):
            first = known.setdefault(name, (answer, path))
            if first[0] != answer:
                pair = first[1], path
                found[pair] += 1
                firsts.setdefault(pair, sample)
    return [
        f"{one.name} and {other.name} disagree on {count:,} outcomes, the first of sample "
        f"{firsts[one, other]}: neither is used; remove the file that is wrong"
        for (one, other), count in found.items()
    ]


def _answers(path: Path) -> Iterator[tuple[bytes, str, int]]:
    """Key, sample and a digest of the answer of each outcome."""
    with suppress(Damaged, Newer, Unreadable), closing(OutcomeFile.open(path)) as file:
        for name, sample, text, tokens in file.rows("SELECT key, sample, text, tokens FROM outcomes"):
            yield name, plain(sample), hash((text, tokens))


def check(file: OutcomeFile) -> Verified:
    """Check a file that is open; raises Damaged where a context or a row can't be read."""
    structure = file.integrity()
    if structure != "ok":
        return Verified((structure,))
    wrong, unchecked = _wrong_answers(file)
    return Verified((*_wrong_contexts(file), *_shown(_wrong_keys(file)), *_shown(wrong)), unchecked)


def _wrong_contexts(file: OutcomeFile) -> list[str]:
    digests = dict(file.rows("SELECT id, digest FROM contexts"))
    wrong = [n for n, context in file.contexts().items() if context.digest() != digests[n]]
    return [f"context {n}: the digest is not that of its fields" for n in wrong]


def _wrong_keys(file: OutcomeFile) -> list[str]:
    """The rows whose key is not made of their context and trial."""
    digests = dict(file.rows("SELECT id, digest FROM contexts"))
    wrong = []
    for table in ("outcomes", "errors"):
        rows = file.rows(f"SELECT id, key, context, {TRIAL} FROM {table}")
        for number, stored, context, sample, perturbation, draw, seed in rows:
            with reading(file.path):
                trial = Trial(plain(sample), plain(perturbation), draw, int(seed))
            if context not in digests or stored != key(digests[context], trial):
                wrong.append(f"{table} {number}: the key is not that of its columns")
    return wrong


def _wrong_answers(file: OutcomeFile) -> tuple[list[str], int]:
    """The outcomes that are not what was written, and how many can't be told; all can be read."""
    wrong, unchecked = [], 0
    checked = file.select("outcomes", "id", "checksum")
    for number, stored, *cells in file.rows(f"SELECT {checked}, {ANSWER} FROM outcomes"):
        with reading(file.path):
            response(*cells[2:])
            if stored is None:
                unchecked += 1
            elif stored != checksum(*cells):
                wrong.append(f"outcomes {number}: the answer is not the one that was written")
    return wrong, unchecked


def _shown(problems: list[str]) -> list[str]:
    """The first of them, and how many there are."""
    if len(problems) <= SHOWN:
        return problems
    return [*problems[:SHOWN], f"{len(problems)} rows in all"]
