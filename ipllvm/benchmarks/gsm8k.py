"""`gsm8k`: grade-school word problems after eight worked examples, without a picture.

Source: K. Cobbe et al., Training Verifiers to Solve Math Word Problems (2021), data set openai/gsm8k,
test split. Eight worked examples after J. Wei et al. (2022); the examples here are this project's own,
so that scores are near, not equal, to those taken with other examples.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.cells import BadCell, Row, filled
from ipllvm.benchmarks.copies import Published, parquet_rows
from ipllvm.benchmarks.definition import OWN_RULE, Definition, Protocol
from ipllvm.benchmarks.names import PAPER, STANDARD
from ipllvm.benchmarks.rendering import digest
from ipllvm.benchmarks.sources import Hub
from ipllvm.benchmarks.word_problems import few_shot
from ipllvm.errors import BenchmarkUnavailable
from ipllvm.records import Benchmark, Sample
from ipllvm.safety import reading

SIZE = 1319
MAX_NEW_TOKENS = 256
SHOTS = [
    (
        "A ferry has 18 cars on its lower deck and 7 fewer on its upper deck. How many cars are on it?",
        "The upper deck holds 18 - 7 = 11 cars. Both decks hold 18 + 11 = 29 cars. The answer is 29.",
    ),
    (
        "Nora plants 4 rows of 9 tulips. Snails eat 6 of them. How many tulips are left?",
        "Nora plants 4 * 9 = 36 tulips. After the snails there are 36 - 6 = 30 tulips. The answer is 30.",
    ),
    (
        "A baker sells rolls at $2 each and loaves at $5 each. On Friday he sells 24 rolls and 8 loaves. "
        "How much money does he take?",
        "The rolls bring 24 * 2 = 48 dollars. The loaves bring 8 * 5 = 40 dollars. "
        "Together that is 48 + 40 = 88 dollars. The answer is 88.",
    ),
    (
        "Three friends share the rent of a cabin. The cabin costs $45 a night and they stay 4 nights. "
        "How many dollars does each of them pay?",
        "The stay costs 45 * 4 = 180 dollars. Each friend pays 180 / 3 = 60 dollars. The answer is 60.",
    ),
    (
        "A train leaves with 120 passengers. At the first stop 40 get off and 20 get on. At the second stop "
        "half of the passengers get off. How many are still on the train?",
        "When 40 get off there are 120 - 40 = 80 passengers. When 20 get on there are 80 + 20 = 100. "
        "After the second stop there are 100 / 2 = 50 passengers. The answer is 50.",
    ),
    (
        "Omar reads 15 pages on Monday and twice as many on Tuesday. His book has 100 pages. "
        "How many pages has he still to read?",
        "On Tuesday Omar reads 15 * 2 = 30 pages. So far that is 15 + 30 = 45 pages. "
        "He has 100 - 45 = 55 pages to read. The answer is 55.",
    ),
    (
        "A tank holds 200 litres. A pump fills 25 litres every 2 minutes. "
        "How many minutes does it take to fill the empty tank?",
        "The pump has to run 200 / 25 = 8 times 2 minutes. That is 8 * 2 = 16 minutes. The answer is 16.",
    ),
    (
        "Lena is 6 years older than Paul. In 4 years Paul will be 14. How old is Lena now?",
        "Paul is 14 - 4 = 10 years old now. Lena is 10 + 6 = 16 years old. The answer is 16.",
    ),
]
"""Questions and worked answers."""
PUBLISHED = Published(
    "gsm8k", "openai/gsm8k", "main/test-*.parquet (or test.jsonl)", lambda folder: bool(_files(folder))
)
_MARK = re.compile(r"####\s*(-?[\d,]+(?:\.\d+)?)\s*$")


def load(seed: int = 0, folder: Path | None = None, offline: bool = False) -> Benchmark:
    """GSM8K's test split, 8-shot; nothing is random, so `seed` changes nothing.

    Looks in `folder`, else in $IPLLVM_DATA/gsm8k, else in the hub's cache, and unless `offline` (or
    HF_HUB_OFFLINE) on the hub. Raises BenchmarkUnavailable, in one line.
    """
    samples = read(folder or PUBLISHED.folder(offline))
    count = "" if len(samples) == SIZE else f", {len(samples)} of its {SIZE:,} rows"
    source = f"{PUBLISHED.repository}, test split, the project's own {len(SHOTS)} examples{count}"
    return Benchmark("gsm8k", samples, "numeric", digest(samples), source, MAX_NEW_TOKENS)


def read(folder: Path) -> tuple[Sample, ...]:
    """The samples of a copy, from test.jsonl or from parquet, in their order."""
    files = _files(folder)
    if not files:
        raise BenchmarkUnavailable(
            f"benchmark 'gsm8k': {folder} holds neither test.jsonl nor main/test-*.parquet"
        )
    try:
        rows = [row for path in files for row in _rows(path)]
        samples = tuple(_sample(index, row) for index, row in enumerate(rows, start=1))
    except (OSError, KeyError, ValueError, TypeError) as error:
        reason = (
            f"there is no column {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        )
        raise BenchmarkUnavailable(f"benchmark 'gsm8k': {folder} can't be read: {reason}") from error
    if not samples:
        raise BenchmarkUnavailable(f"benchmark 'gsm8k': {folder} holds no rows")
    return samples


def answer(worked: str) -> str:
    r"""The number behind the last mark of a worked answer, without commas.

    >>> answer("3 bags of 400 are <<3*400=1200>>1,200 nuts.\n#### 1,200")
    '1200'
    """
    match = _MARK.search(worked)
    if match is None:
        raise ValueError(f"no '#### N' at the end of {worked[-40:]!r}")
    return match[1].replace(",", "")


def _files(folder: Path) -> list[Path]:
    table = folder / "test.jsonl"
    found = sorted((folder / "main").glob("test-*.parquet")) or sorted(folder.glob("test-*.parquet"))
    return [table] if table.is_file() else found


def _rows(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return parquet_rows("gsm8k", path)
    return [reading.json_value(line) for line in reading.text_file(path).split("\n") if line.strip()]


def _sample(index: int, row: Mapping[str, Any]) -> Sample:
    question, worked = str(row["question"]).strip(), str(row["answer"])
    try:
        gold = answer(worked)
    except ValueError as error:
        raise ValueError(f"row {index}: {error}") from error
    name = f"gsm8k-{index:04d}"
    return Sample(name, name, (), few_shot(question, SHOTS), gold)


def sample(row: Row) -> Sample:
    """A row of the hub's columns; the label `gold` is the answer as it is written, commas and all.

    Raises BadCell.
    """
    worked = filled(row, "answer")
    try:
        gold = answer(worked)
    except ValueError as error:
        raise BadCell("answer", str(error)) from error
    return Sample("", "", (), "", gold, labels=(("gold", worked.rpartition("####")[2].strip()),))


def worded(row: Row, sample: Sample) -> str:
    """The question after the worked examples."""
    return few_shot(filled(row, "question").strip(), SHOTS)


GSM8K = Definition(
    name="gsm8k",
    title="GSM8K: grade-school word problems after eight worked examples, without a picture",
    size=SIZE,
    licence="MIT",
    sample=sample,
    protocols={
        STANDARD: Protocol(worded, MAX_NEW_TOKENS, "official", "8-shot, the project's own examples"),
        PAPER: Protocol(
            worded, MAX_NEW_TOKENS, "official", "8-shot, the project's own examples, lm-eval's rule"
        ),
    },
    rules={
        "official": "gsm8k_strict",
        "flexible": "gsm8k_flexible",
        "hashed": "gsm8k_hashed",
        "openai": "gsm8k_openai",
        "kojima": "gsm8k_kojima",
        "kojima-zero-shot": "gsm8k_kojima_zero_shot",
        OWN_RULE: "numeric",
    },
    hub=Hub((PUBLISHED.repository,), ("main/test-*.parquet", "test.jsonl")),
    pictures=(),
    loader=load,
)
