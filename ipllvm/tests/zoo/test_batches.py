from typing import Any

import numpy as np
import torch
from transformers import LlamaConfig, LlamaModel

from ipllvm.benchmarks.prompts import LETTER, SHORT
from ipllvm.zoo import batches, tokenizer
from ipllvm.zoo.__main__ import CHECKPOINTS
from ipllvm.zoo.corpus import CAPTION_PROMPT
from ipllvm.zoo.recipes import Phase

PREFIX = 5
ROWS: list[list[batches.Block]] = [[((3, 4, 5, 6), 2), ((7, 8, 9), 1)], [((4, 4), 1)]]


def _model() -> Any:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=32, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2
    )
    model: Any = LlamaModel(config)
    return model.eval()


def _hidden(model: Any, rows: list[list[batches.Block]], prefix: torch.Tensor) -> torch.Tensor:
    packed = batches.pack(rows, PREFIX)
    embeds = torch.cat(
        [prefix.expand(len(rows), -1, -1), model.get_input_embeddings()(packed["input_ids"])], 1
    )
    with torch.no_grad():
        out = model(
            inputs_embeds=embeds, attention_mask=packed["attend"], position_ids=packed["position_ids"]
        )
    hidden: torch.Tensor = out.last_hidden_state
    return hidden[:, PREFIX:]


def test_turns_of_one_picture_are_blind_to_each_other() -> None:
    model, prefix = _model(), torch.randn(1, PREFIX, 16, generator=torch.Generator().manual_seed(1))
    together = _hidden(model, ROWS[:1], prefix)[0]
    first = _hidden(model, [[ROWS[0][0]]], prefix)[0]
    second = _hidden(model, [[ROWS[0][1]]], prefix)[0]
    assert torch.allclose(together[:4], first[:4], atol=1e-5)
    assert torch.allclose(together[4:7], second[:3], atol=1e-5)


def test_only_answers_are_learned() -> None:
    packed = batches.pack(ROWS, PREFIX)
    labels = packed["labels"].tolist()
    ignore = batches.IGNORE
    assert labels[0][:7] == [ignore, ignore, 5, 6, ignore, ignore, 9]
    assert labels[1][:2] == [ignore, 4]
    assert {label for row in labels for label in row[7:]} == {ignore}


def test_rows_are_padded_to_few_lengths() -> None:
    assert (PREFIX + batches.pack(ROWS, PREFIX)["labels"].shape[1]) % batches.MULTIPLE == 0


def test_each_turn_counts_on_from_the_prefix() -> None:
    positions = batches.pack(ROWS, PREFIX)["position_ids"].tolist()
    assert positions[0][:12] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 5, 6, 7]


def test_a_step_draws_the_same_pictures_every_time() -> None:
    phase = Phase("p", 10, 6, 1e-3, {"scenes": 1.0, "charts": 1.0, "objects": 1.0})
    once, again = batches.pictures(phase, 0, 3), batches.pictures(phase, 0, 3)
    assert [p.caption for p in once] == [p.caption for p in again]
    assert [p.caption for p in once] != [p.caption for p in batches.pictures(phase, 0, 4)]
    assert np.array_equal(batches.pixels(once), batches.pixels(again))
    assert batches.pixels(once).shape == (6, 3, 112, 112)


def test_turns_in_twos_ask_the_same_in_the_benchmarks_words_and_in_others() -> None:
    words = tokenizer.load(CHECKPOINTS / "llava-tiny")
    phase = Phase("p", 10, 12, 1e-3, {"scenes": 1.0}, questions=3, captions=0.2, lettered=0.5, rephrased=1.0)
    items = batches.pictures(phase, 0, 3)
    rows = batches.paired_blocks(batches.TokenIds(words), items, phase, 0, 3)
    assert [len(row) for row in rows] == [6] * 12
    pairs = [(row[at], row[at + 1]) for row in rows for at in (0, 2, 4)]
    assert all(usual[0][-usual[1] :] == other[0][-other[1] :] for usual, other in pairs)
    texts = [(words.decode([*usual[0]]), words.decode([*other[0]])) for usual, other in pairs]
    assert all(a.count(SHORT) + a.count(LETTER) + a.count(CAPTION_PROMPT) == 1 for a, _ in texts)
    bare = [other for _, other in texts if SHORT not in other and LETTER not in other]
    assert len(bare) > len(pairs) / 2
