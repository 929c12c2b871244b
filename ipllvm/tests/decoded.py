"""Greedy answers to prompts as embeddings, through the engine's prefill and pool."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ipllvm.engine.decoding import prefill, worth_running
from ipllvm.engine.packing import PackedPrompt, Tokens
from ipllvm.engine.pool import verified
from ipllvm.models.base import VisionLanguageModel


@torch.inference_mode()
def greedy(
    model: VisionLanguageModel,
    embeds: Sequence[Float[Tensor, "_ hidden"]],
    max_new_tokens: int,
    drafts: Sequence[Tokens] | None = None,
) -> list[Tokens]:
    """The greedy answer to each prompt, stop token included where one was said.

    `embeds` are prompts as input embeddings, each of its own length; `drafts` are guesses of the
    answers and change the speed only.
    """
    guesses = [worth_running(model, draft, max_new_tokens) for draft in drafts or [()] * len(embeds)]
    prompts = [PackedPrompt(prompt, guess) for prompt, guess in zip(embeds, guesses, strict=True)]
    return verified(model, prefill(model, prompts), max_new_tokens)
