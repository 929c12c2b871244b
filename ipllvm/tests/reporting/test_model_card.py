"""The card of a report from hostile hands: no markup, no row of its own, nothing that can't be seen."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from ipllvm.errors import UsageError
from ipllvm.records import COMPARISON, Decision
from ipllvm.reporting import model_card, schema
from ipllvm.tests.reporting import reports

WHOLE = json.loads(json.dumps(reports.report(reports.result(Decision.VIOLATED), reports.result())))
TEXTS = ("<script>alert(1)</script>", "a | b\n| c | d |", "\x1b]0;x\x07\u202e##[error]x", "\n---\n# x")


def texts(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the texts of a report are."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, str):
            yield (*path, key)
        elif isinstance(value, dict | list):
            yield from texts(value, (*path, key))


@pytest.mark.parametrize("text", TEXTS)
def test_whatever_a_report_says_stays_text(text: str) -> None:
    tried = 0
    for path in texts({"results": WHOLE["results"][:1], "models": WHOLE["models"], "run": WHOLE["run"]}):
        made = deepcopy(WHOLE)
        node = made
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = text
        try:
            schema.validate(made)
            card = model_card.card(made)
        except (KeyError, UsageError):
            continue  # what no report can say: its schema refuses it, or its reader an id that is not listed
        tried += 1
        front, body = card.removeprefix("---\n").split("\n---\n", 1)
        assert "<script" not in body and "\n| c | d |" not in card and "\n# x" not in card, path
        assert all(c.isprintable() or c == "\n" for c in front + body), path
    assert tried > 20


def test_a_comparison_is_no_score_of_the_model() -> None:
    """The hub would list how far it is from a file that only its author has."""
    own = reports.result(Decision.VIOLATED)
    compared = replace(own, claim=replace(own.claim, name=f"{COMPARISON}{own.claim.name}"))
    made = reports.report(own, compared)
    front, body = model_card.card(made).removeprefix("---\n").split("\n---\n", 1)
    assert "regression" not in front and "performance_drop" in front
    assert "| regression" in body and "**2 of 2 requirements violated**" in body


@pytest.mark.parametrize(
    ("name", "measured", "planned", "total", "published"),
    [
        ("mme", 2374, 2374, 2374, True),
        ("mme", 64, 2374, 2374, False),  # a sequential run ends when its claim is decided
        ("mme", 300, 300, 300, False),  # a copy that lacks rows
        ("chartqa@paper", 2500, 2500, 2500, False),  # by another rule
        ("hub:org/set", 90, 90, 90, False),  # by a guessed rule
        ("hub:org/set@train", 90, 90, 90, False),
        ("scenes", 90, 90, 90, False),
    ],
)
def test_a_leaderboard_reads_scores_of_whole_published_sets_alone(
    name: str, measured: int, planned: int, total: int, published: bool
) -> None:
    found = reports.result()
    estimates = {key: replace(each, n=measured) for key, each in found.estimates.items()}
    data = replace(found.benchmark, name=name, n=planned, total=total)
    made = reports.report(replace(found, benchmark=data, estimates=estimates))
    entries = list(model_card._entries(made))
    assert [each.notes for each in entries] == [f"{name}, n = {measured}"] * published


@pytest.mark.parametrize(
    ("settings", "published"),
    [
        ({"answer": "generate", "prompt": "checkpoint"}, True),
        ({"answer": "likelihood"}, False),
        ({"prompt": "original"}, False),
        ({"judge": "http://localhost/v1#some-8b"}, False),
    ],
)
def test_a_leaderboard_reads_scores_of_the_standard_protocol_alone(
    settings: dict[str, str], published: bool
) -> None:
    found = reports.result()
    estimates = {key: replace(each, n=2374) for key, each in found.estimates.items()}
    data = replace(found.benchmark, name="mme", n=2374, total=2374)
    made = reports.report(replace(found, benchmark=data, estimates=estimates))
    made["results"][0]["settings"] |= settings
    assert len(list(model_card._entries(made))) == published
