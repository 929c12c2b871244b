"""What docs/benchmarks.md and docs/own-data.md say is so."""

from pathlib import Path

import pytest

from ipllvm.benchmarks.definition import all_published, published
from ipllvm.benchmarks.names import STANDARD
from ipllvm.benchmarks.own_columns import NAMES

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", all_published())
def test_every_benchmark_has_its_rows_licence_rules_and_repositories_there(name: str) -> None:
    found, text = published(name), (DOCS / "benchmarks.md").read_text()
    facts, rules = (line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
    assert f"| {found.size:,} |" in facts and facts.endswith(f"| {found.licence} |")
    assert all(f"`{each}`" in facts for each in found.hub.repositories)
    assert all(f"{asked.after}; {asked.max_new_tokens}" in facts for asked in found.protocols.values())
    assert all(f"`{rule}` ({scorer})" in rules for rule, scorer in found.rules.items())
    assert rules.startswith(f"| `{name}` | `{found.protocols[STANDARD].rule}`")
    assert all(axis in rules for axis in found.axes)


def test_the_columns_that_are_guessed_are_named() -> None:
    text = (DOCS / "own-data.md").read_text()
    assert all(f"| {name} | {', '.join(likely)}" in text for name, likely in NAMES.items())
