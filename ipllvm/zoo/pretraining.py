"""The parts before they are put together: a dual encoder, a language model."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPConfig, CLIPModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from ipllvm.zoo import batches, corpus, recipes, trainer
from ipllvm.zoo.recipes import Phase, Recipe


def ends(words: PreTrainedTokenizerFast) -> dict[str, Any]:
    """The special tokens that a config names."""
    return {
        "bos_token_id": words.bos_token_id,
        "eos_token_id": words.eos_token_id,
        "pad_token_id": words.pad_token_id,
    }


def clip(recipe: Recipe, words: PreTrainedTokenizerFast) -> trainer.Trainable:
    """Two towers, trained to find each picture's caption within the batch."""
    text = recipes.TEXT_TOWER | {"vocab_size": len(words)} | ends(words)
    model: Any = CLIPModel(CLIPConfig(text_config=text, vision_config=recipes.TOWER, projection_dim=128))
    encoder = batches.TokenIds(words)

    def for_phase(phase: Phase) -> trainer.Loss:
        def loss(step: int) -> Tensor:
            items = batches.pictures(phase, recipe.seed, step)
            rows = [(words.bos_token_id, *encoder.ids(i.caption)[:75], words.eos_token_id) for i in items]
            ids = nn.utils.rnn.pad_sequence([torch.tensor(r) for r in rows], True, words.pad_token_id)
            mask = ids != words.pad_token_id
            where = trainer.device()
            values = batches.pixels(items).to(where)
            result = model(input_ids=ids.to(where), attention_mask=mask.to(where), pixel_values=values)
            return _contrast(result.logits_per_image.float(), [i.caption for i in items])

        return loss

    return model, for_phase


def _contrast(logits: Tensor, captions: list[str]) -> Tensor:
    """Symmetric cross-entropy in which pictures of one caption share the target."""
    same = torch.tensor([[a == b for b in captions] for a in captions], dtype=torch.float32)
    target = (same / same.sum(1, keepdim=True)).to(logits.device)
    rows = functional.cross_entropy(logits, target)
    return (rows + functional.cross_entropy(logits.T, target)) / 2


def language(recipe: Recipe, words: PreTrainedTokenizerFast) -> trainer.Trainable:
    """A decoder, trained on the corpus to say the next token."""
    model: Any = LlamaForCausalLM(LlamaConfig(**recipe.shape, vocab_size=len(words), **ends(words)))
    encoder = batches.TokenIds(words)

    def for_phase(phase: Phase) -> trainer.Loss:
        def loss(step: int) -> Tensor:
            texts = [corpus.text(recipe.seed, step * phase.batch + i) for i in range(phase.batch)]
            rows = [(words.bos_token_id, *encoder.ids(t), words.eos_token_id) for t in texts]
            ids = nn.utils.rnn.pad_sequence([torch.tensor(r) for r in rows], True, batches.IGNORE)
            ids = ids.to(trainer.device())
            hidden = model.model(input_ids=ids.clamp(min=0)).last_hidden_state
            return next_token(model, hidden, ids)

        return loss

    return model, for_phase


def next_token(model: Any, hidden: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy at the labelled positions only: hidden[t] predicts labels[t + 1]."""
    target = labels[:, 1:]
    wanted = target != batches.IGNORE
    logits = model.lm_head(hidden[:, :-1][wanted])
    return functional.cross_entropy(logits.float(), target[wanted])


def worked(model: Any, encoder: batches.TokenIds, phase: Phase, seed: int, step: int) -> Tensor:
    """A quarter of the loss of word problems without a picture, on their worked answers; 0 without any."""
    if not phase.problems:
        return torch.zeros((), device=trainer.device())
    ids, labels = (each.to(trainer.device()) for each in batches.problems(encoder, phase, seed, step))
    states = model.model.language_model(input_ids=ids, use_cache=False).last_hidden_state
    return 0.25 * next_token(model, states, labels)
