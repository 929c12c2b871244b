"""Pictures and texts as training tensors."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from ipllvm.benchmarks import formats
from ipllvm.sampling import choose, generator
from ipllvm.zoo import corpus, wordings
from ipllvm.zoo.recipes import IMAGE_SIZE, Phase

CLIP_MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
CLIP_STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
IGNORE = -100
BESIDE_CAPTION = 1
"""Questions asked beside a caption: rows of even length waste little on padding."""


def pictures(phase: Phase, seed: int, step: int) -> list[corpus.CorpusPicture]:
    """The pictures of one step: new ones within a phase, drawn by the phase's mix."""
    sources = sorted(phase.mix)
    weights = np.array([phase.mix[s] for s in sources], float)
    drawn = generator(phase.name, seed, step).choice(len(sources), phase.batch, p=weights / weights.sum())
    first = step * phase.batch
    shape = _shape(phase, seed, step)
    return [corpus.picture(sources[int(s)], seed, first + i, shape) for i, s in enumerate(drawn)]


def _shape(phase: Phase, seed: int, step: int) -> str:
    """One shape of picture a step: rows of a batch then have as many visual tokens."""
    rng = generator(phase.name, "shape", seed, step)
    return choose(rng, formats.OBLONG) if rng.random() < phase.oblong else formats.SQUARE


def pixels(items: list[corpus.CorpusPicture]) -> Tensor:
    """CLIP-normalised pixel values, (batch, 3, 112, 112)."""
    return stacked([item.load() for item in items])


def stacked(images: Sequence[Image.Image]) -> Tensor:
    """As `pixels`, of pictures at hand."""
    arrays = []
    for image in images:
        if image.size != (IMAGE_SIZE, IMAGE_SIZE):
            image = image.resize((IMAGE_SIZE, IMAGE_SIZE), resample=3)
        arrays.append(np.asarray(image, np.float32) / 255)
    values = (np.stack(arrays) - CLIP_MEAN) / CLIP_STD
    return torch.from_numpy(values).permute(0, 3, 1, 2).contiguous()


class TokenIds:
    """Texts to token ids without specials, remembered."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self.tokenizer = tokenizer
        self.ids = lru_cache(maxsize=200_000)(self._ids)

    def _ids(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer.encode(text, add_special_tokens=False))


MULTIPLE = 32
"""Packed rows are padded to multiples of this many positions: few shapes to compile for."""

Block = tuple[tuple[int, ...], int]
"""Token ids of one turn (question, answer, end) and how many of them are the answer and its end."""


def blocks(
    encoder: TokenIds, items: list[corpus.CorpusPicture], phase: Phase, seed: int, step: int
) -> list[list[Block]]:
    """The turns asked of each picture: up to `phase.questions` questions, and at times its caption."""
    rows = []
    for index, item in enumerate(items):
        rng = generator("turns", seed, step, index)
        captioned = rng.random() < phase.captions
        most = min(phase.questions, BESIDE_CAPTION) if captioned else phase.questions
        asked = [item.questions[i] for i in rng.permutation(len(item.questions))[:most]]
        turns = [wordings.render(q, rng, phase) for q in asked]
        if captioned:
            turns.append((wordings.caption_prompt(rng, phase), item.caption))
        rows.append([block(encoder, prompt, answer) for prompt, answer in turns])
    return rows


def paired_blocks(
    encoder: TokenIds, items: list[corpus.CorpusPicture], phase: Phase, seed: int, step: int
) -> list[list[Block]]:
    """The turns asked of each picture, in twos: in the benchmarks' words, then in others, answered alike."""
    rows = []
    for index, item in enumerate(items):
        rng = generator("pairs", phase.name, seed, step, index)
        order = rng.permutation(len(item.questions))[: phase.questions]
        triples = [wordings.both(item.questions[i], rng, phase) for i in order]
        if rng.random() < phase.captions:
            triples[-1:] = [(corpus.CAPTION_PROMPT, wordings.caption_prompt(rng, phase), item.caption)]
        rows.append([block(encoder, p, answer) for *prompts, answer in triples for p in prompts])
    return rows


def block(encoder: TokenIds, prompt: str, answer: str) -> Block:
    """One turn of the chat, ended."""
    tail = (*encoder.ids(f" {answer}"), encoder.tokenizer.eos_token_id)
    return (*encoder.ids(f"\n{prompt} ASSISTANT:"), *tail), len(tail)


def problems(encoder: TokenIds, phase: Phase, seed: int, step: int) -> tuple[Tensor, Tensor]:
    """Word problems in the chat's words: input_ids and labels (worked answers only), (problems, length)."""
    words = encoder.tokenizer
    rows, labels = [], []
    for index in range(phase.problems):
        prompt, answer = corpus.two_shot(generator("problems", seed, step, index))
        asked = [words.bos_token_id, *encoder.ids(f"USER: {prompt} ASSISTANT:")]
        said = [*encoder.ids(answer), words.eos_token_id]
        rows.append(torch.tensor(asked + said))
        labels.append(torch.tensor([IGNORE] * len(asked) + said))
    pad = nn.utils.rnn.pad_sequence
    return pad(rows, True, words.pad_token_id), pad(labels, True, IGNORE)


def pack(rows: list[list[Block]], prefix: int) -> dict[str, Tensor]:
    """Turns after a shared prefix of `prefix` positions, side by side and blind to each other.

    Returns input_ids, labels (IGNORE outside answers), position_ids (each turn counts on from the
    prefix) of shape (batch, length), and attend, the boolean mask (batch, 1, prefix + length,
    prefix + length).
    """
    longest = prefix + max(sum(len(ids) for ids, _ in row) for row in rows)
    length = longest + -longest % MULTIPLE - prefix
    shape = (len(rows), length)
    ids, labels = torch.zeros(shape, dtype=torch.long), torch.full(shape, IGNORE)
    positions, turn = torch.zeros(shape, dtype=torch.long), torch.full(shape, -1)
    for b, row in enumerate(rows):
        at = 0
        for number, (tokens, answer) in enumerate(row):
            end = at + len(tokens)
            ids[b, at:end] = torch.tensor(tokens)
            labels[b, end - answer : end] = ids[b, end - answer : end]
            positions[b, at:end] = prefix + torch.arange(len(tokens))
            turn[b, at:end] = number + 1
            at = end
    turn = torch.cat([torch.zeros(len(rows), prefix, dtype=torch.long), turn], 1)
    positions = torch.cat([torch.arange(prefix).expand(len(rows), prefix), positions], 1)
    causal = torch.ones(prefix + length, prefix + length, dtype=torch.bool).tril()
    attend = causal & ((turn[:, None, :] == 0) | (turn[:, None, :] == turn[:, :, None]))
    return {"input_ids": ids, "labels": labels, "position_ids": positions, "attend": attend[:, None]}
