"""The field's words: names that were replaced stay away, and names that say nothing get fewer."""

import io
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest

from ipllvm.tests.test_sizes import MODULES

REPLACED = {
    "Looks": "InterimAnalyses", "seeing": "encoding", "Seen": "Encoded", "Room": "BatchBudget",
    "isolated": "run_isolated", "Case": "PlannedTrial", "Law": "Behaviour", "Turn": "FlippedTrial",
    "Turned": "FlippedSample", "Flip": "FlipExample", "Said": "Transcript", "depict": "draw_trial",
    "depiction": "visualization", "prospect": "power_line", "prospects": "power_lines", "sde": "mde",
    "smallest_detectable_effect": "minimum_detectable_effect", "sparing": "only_at",
    "SPARED": "POSITION_WISE", "edited": "with_layer_inputs", "kept_inputs": "recorded_inputs",
    "reworded": "with_prompt", "continues": "supports_prefix_cache", "inputs_of": "layer_inputs",
    "decoder_from": "decode_from_layer", "gathered": "select_from_cache", "with_lower": "fill_lower_layers",
    "planting": "planted_grid", "upkeep": "maintenance", "fitness": "release",
    "MAKES": "the marker `claims`", "UNTOLD": "a name that says what the constant holds",
}  # fmt: skip
"""Names that a newcomer would not guess, and what took their place."""
ELSEWHERE = {
    "gathered": {"ipllvm/session/controller.py", "ipllvm/plugin.py"},
    "UNTOLD": {"ipllvm/engine/context.py"},
    "Seen": {"ipllvm/models/planted/model.py"},
    "Case": {"ipllvm/laws/probe.py", "ipllvm/laws/refute.py"},
    "Law": {"ipllvm/laws/refute.py", "ipllvm/calibration/hard.py", "ipllvm/calibration/releases.py"},
}
"""Where a word means something else, as the case of a law does, or is still to be replaced."""
PLACE = "from ipllvm.evaluation.shown import"
"""The line by which each property imports what it shows."""
VAGUE = {
    "told": 112, "said": 217, "seen": 105, "looks": 12, "asked": 205,
    "kept": 132, "known": 222, "made": 215, "shown": 119,
}  # fmt: skip
"""Participles for values: at most so many tokens in the source, which may only become fewer."""


@cache
def _names() -> dict[str, Counter[str]]:
    """How often each name stands in each source file."""
    return {
        file: Counter(
            token.string
            for token in _outside_texts(text)
            if token.type == tokenize.NAME and PLACE not in token.line
        )
        for file, text in MODULES.items()
    }


def _outside_texts(text: str) -> Iterator[tokenize.TokenInfo]:
    """Tokens but for those within f-strings, which Python 3.12 takes apart and 3.11 does not."""
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = tokenize.tok_name[token.type]
        depth += (kind == "FSTRING_START") - (kind == "FSTRING_END")
        if not depth:
            yield token


@pytest.mark.parametrize("old", REPLACED)
def test_a_replaced_name_stays_away(old: str) -> None:
    places = {file for file, names in _names().items() if old in names} - ELSEWHERE.get(old, set())
    assert not places, f"{old} is {REPLACED[old]} now"


@pytest.mark.parametrize("word", VAGUE)
def test_a_vague_name_gets_rarer(word: str) -> None:
    assert sum(names[word] for names in _names().values()) <= VAGUE[word]
