"""A last phase that teaches other wordings and keeps what is there.

The decoder learns alone, anchored to what it answered before: to each question it is asked in the benchmarks'
words, and to the same question in others. Tower and projector stay as they are.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from ipllvm.zoo import batches, trainer
from ipllvm.zoo.pretraining import worked
from ipllvm.zoo.recipes import Phase

See = Callable[[Sequence[Image.Image]], Tensor]
Hidden = Callable[..., Tensor]


def loss(
    model: Any, hidden: Hidden, see: See, opening: tuple[batches.TokenIds, Tensor], phase: Phase, seed: int
) -> trainer.Loss:
    """The loss of each step: off the right answers, and by `phase.anchor` off those of the weights before."""
    encoder, front = opening
    before = deepcopy(model).eval().requires_grad_(False)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("language_model" in name or "lm_head" in name)

    def at(step: int) -> Tensor:
        items = batches.pictures(phase, seed, step)
        pairs = batches.paired_blocks(encoder, items, phase, seed, step)
        with torch.no_grad():
            visual = see([item.load() for item in items])
            former, _ = _answers(before, hidden, front, visual, [row[::2] for row in pairs])
        logits, labels = _answers(model, hidden, front, visual, pairs)
        wanted = former[_twice([[length for _, length in row[::2]] for row in pairs]).to(former.device)]
        right, off = functional.cross_entropy(logits, labels), _off(logits, wanted)
        value = (1 - phase.anchor) * right + phase.anchor * off
        return value + worked(model, encoder, phase, seed, step)

    return at


def _answers(
    model: Any, hidden: Hidden, front: Tensor, visual: Tensor, rows: list[list[batches.Block]]
) -> tuple[Tensor, Tensor]:
    """Logits at the tokens of the answers, (tokens, words), and the right ones, (tokens,)."""
    where = visual.device
    prefix = len(front) + visual.shape[1]
    fields = {key: value.to(where) for key, value in batches.pack(rows, prefix).items()}
    labels = fields.pop("labels")
    states = hidden(model, front.to(where), visual, **fields)[:, prefix - 1 : -1]
    answered = labels != batches.IGNORE
    return model.lm_head(states[answered]).float(), labels[answered]


def _off(logits: Tensor, wanted: Tensor) -> Tensor:
    """The divergence of some logits from those that are wanted, in nats a token."""
    logs = logits.log_softmax(-1), wanted.log_softmax(-1)
    return functional.kl_div(*logs, log_target=True, reduction="none").sum(-1).mean()


def _twice(lengths: list[list[int]]) -> Tensor:
    """Where each answer's tokens lie in a list of the answers, each answer named twice in turn.

    >>> _twice([[2, 1], [1]]).tolist()
    [0, 1, 0, 1, 2, 2, 3, 3]
    """
    places, at = [], 0
    for length in (length for row in lengths for length in row):
        places += [*range(at, at + length)] * 2
        at += length
    return torch.tensor(places)
