"""The outcomes of a store as one Parquet table, a row an outcome or error, for pandas, DuckDB and Polars."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, Final

from ipllvm.engine.context import Context
from ipllvm.engine.store.integrity import verify
from ipllvm.engine.store.outcome_file import OutcomeFile
from ipllvm.engine.store.outcome_row import plain, response
from ipllvm.errors import UsageError
from ipllvm.safety import writing

GROUP: Final = 20_000
"""Rows in memory at once, which are a group of the table."""
ABOUT: Final = (
    "model_name", "model", "benchmark_name", "benchmark", "prompt", "answer", "max_new_tokens", "replicate",
    "device", "dtype", "attention", "torch", "transformers",
)  # fmt: skip
"""Columns from the context, before those of the trial."""
TRIAL: Final = ("sample", "perturbation", "draw", "seed", "created")
SAID: Final = ("text", "tokens", "options", "error")
NUMBERS: Final = ("max_new_tokens", "replicate", "draw")


def export(paths: Iterable[Path], place: Path) -> tuple[int, list[str]]:
    """Writes a Parquet file of the outcomes in `paths`: how many rows, and a line for each file left out.

    `tokens` are lists of ids, `options` of log-likelihoods in nats, `created` seconds of the epoch; `seed` is
    text, as it can pass 64 bits. Raises UsageError without pyarrow and where `place` can't be written.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError("store export needs pyarrow: pip install 'ipllvm[hub]'") from error
    columns = _schema(arrow)
    sound, left = _sound(paths)
    written = 0
    try:
        with _whole(place) as file, parquet.ParquetWriter(file, columns) as table:
            for group in _groups(sound):
                table.write_table(arrow.Table.from_pylist(group, columns))
                written += len(group)
    except OSError as error:
        raise UsageError(f"{place}: can't be written ({error.strerror}): give another place") from error
    return written, left


@contextmanager
def _whole(place: Path) -> Iterator[IO[bytes]]:
    """A file that takes its place when it is whole."""
    handle, unfinished = writing.create(place.absolute().parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)


def _sound(paths: Iterable[Path]) -> tuple[list[Path], list[str]]:
    """The files in which nothing is wrong, and what is wrong with the others."""
    found = {path: verify(path).problems for path in paths}
    left = [f"{path.name}: left out: {wrong[0]}" for path, wrong in found.items() if wrong]
    return [path for path, wrong in found.items() if not wrong], left


def _groups(paths: Iterable[Path]) -> Iterator[list[dict[str, Any]]]:
    for path in paths:
        with closing(OutcomeFile.open(path)) as file:
            rows = chain(_outcomes(file), _errors(file))
            while group := list(islice(rows, GROUP)):
                yield group


def _outcomes(file: OutcomeFile) -> Iterator[dict[str, Any]]:
    contexts = file.contexts()
    query = f"SELECT context, {', '.join(TRIAL)}, text, tokens, options FROM outcomes ORDER BY id"
    for number, *cells in file.rows(query):
        said = response(*cells[len(TRIAL) :])
        yield _row(contexts[number], cells) | {
            "text": _utf8(said.text),
            "tokens": said.tokens,
            "options": said.options,
            "error": None,
        }


def _errors(file: OutcomeFile) -> Iterator[dict[str, Any]]:
    contexts = file.contexts()
    for number, *cells in file.rows(f"SELECT context, {', '.join(TRIAL)}, traceback FROM errors ORDER BY id"):
        yield _row(contexts[number], cells) | {
            "text": None,
            "tokens": [],
            "options": [],
            "error": _utf8(plain(cells[-1])),
        }


def _row(context: Context, cells: Sequence[Any]) -> dict[str, Any]:
    named = dict(zip(TRIAL, cells, strict=False))
    texts = {name: _utf8(plain(named[name])) for name in ("sample", "perturbation")}
    return {name: getattr(context, name) for name in ABOUT} | named | texts | {"seed": str(named["seed"])}


def _utf8(text: str) -> str:
    """Text without lone surrogates, which Parquet can't hold."""
    return text.encode("utf-8", "replace").decode()


def _schema(arrow: Any) -> Any:
    kinds = dict.fromkeys((*ABOUT, *TRIAL, *SAID), arrow.string())
    kinds |= dict.fromkeys(NUMBERS, arrow.int64())
    kinds |= {"created": arrow.float64(), "tokens": arrow.list_(arrow.int32())}
    return arrow.schema(list((kinds | {"options": arrow.list_(arrow.float64())}).items()))
