"""The table of benchmarks: rows, source, protocols, rules, sub-scores, and the tests that name each.

python -m pytest ipllvm/tests --collect-only -q | python -m ipllvm.tests.benchmarks.figures
"""

import re
import sys
from collections.abc import Iterable, Iterator

from ipllvm.benchmarks.definition import Definition, all_published, published
from ipllvm.benchmarks.names import PAPER, STANDARD

ROOMS = ("/benchmarks/", "/commands/", "/scorers/", "/judges/", "/evaluation/", "/paper/")
COLUMNS = ("benchmark", "rows", "hub", "standard", "paper", "rules", "sub-scores", "tests")


def lines(tests: Iterable[str]) -> Iterator[str]:
    """The table in Markdown; `tests` are ids as pytest lists them."""
    ids = [line.strip() for line in tests if "::" in line and any(room in line for room in ROOMS)]
    yield _row(COLUMNS)
    yield _row("---" for _ in COLUMNS)
    for name in all_published():
        found = published(name)
        yield _row(
            (f"`{name}`", f"{found.size:,}", *_cells(found), str(sum(_names(name, each) for each in ids)))
        )


def _cells(found: Definition) -> Iterator[str]:
    yield found.hub.repositories[0]
    for protocol in (STANDARD, PAPER):
        asked = found.protocols[protocol]
        yield f"{asked.rule}, {asked.max_new_tokens} tokens"
    yield ", ".join(found.rules)
    yield ", ".join(found.axes) or "-"


def _names(name: str, test: str) -> bool:
    """Whether a test's id names a benchmark, as a word of its function or as a parameter.

    >>> _names("ai2d", "a.py::test_x[ai2d-no-mask]"), _names("mme", "a.py::test_mme_s_folder")
    (False, True)
    """
    function, _, parameters = test.rpartition("::")[2].partition("[")
    others = [other for other in all_published() if other != name and name in other]
    for other in others:
        parameters = parameters.replace(other, "")
    plain = name.replace("-", "_")
    return bool(
        re.search(rf"(?<![\w-]){name}(?![\w])", parameters) or re.search(rf"(?:^|_){plain}(?:_|$)", function)
    )


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print("\n".join(lines(sys.stdin)))
