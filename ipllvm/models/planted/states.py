"""The states that planted models pass on, [positions, width], and what can be read from them.

A state writes 11 bytes bit by bit as +256 or -256, each bit a second time with the other sign, so that
a bit is still told by a difference after noise of up to the value's own size; what is noisy is told by
values that are not as written. First comes the kind of token, then a cell's mark or, five times, a
token id. Behind the code stand a tag that each decoder layer sets, and the token that is said next.
Noise at layer l spoils the tags of the layers below it only, as the others are set afterwards: so the
layer is read from the tags.
"""

from collections.abc import Sequence
from hashlib import sha256
from string import ascii_uppercase

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ipllvm.models.planted.behaviour import LAYERS, PerceivedTrial, Perception
from ipllvm.planted_grid import BYTES, CELLS

SCALE = 256.0
LOUD = 16 * SCALE  # of what is said beside the code, so that it outweighs the code in a mean over tokens
BITS = 8 * (1 + BYTES)
CODE = 2 * BITS
BEHIND = LAYERS + 1
SAID = -1
COPIES = BYTES // 2
BOS, EOS, IMAGE, CUE, FIRST_BYTE = range(5)
VOCABULARY = FIRST_BYTE + 256
_PICTURE, _TEXT = b"\xff", b"\x00"
_TRACED = 16


def marks(cells: Sequence[bytes | None]) -> Float[Tensor, "cells 176"]:
    """The codes of an image's cells; those that say nothing are 0."""
    written = [_PICTURE + (cell or bytes(BYTES)) for cell in cells]
    clear = torch.tensor([cell is not None for cell in cells])
    return _code(written) * clear[:, None]


def words(ids: Sequence[int]) -> Float[Tensor, "tokens 176"]:
    """The codes of token ids."""
    return _code([_TEXT + id.to_bytes(2, "big") * COPIES for id in ids])


def _code(written: Sequence[bytes]) -> Float[Tensor, "tokens 176"]:
    bits = np.unpackbits(np.frombuffer(b"".join(written), np.uint8).reshape(-1, 1 + BYTES), axis=1)
    signs = torch.from_numpy(bits.astype(np.float32) * 2 - 1)
    return SCALE * torch.cat([signs, -signs], 1)


def differences(states: Float[Tensor, "*positions width"]) -> Float[Tensor, "*positions bits"]:
    """What each bit says, by sign, (..., 88)."""
    return states[..., :BITS] - states[..., BITS:CODE]


def number(code: Float[Tensor, "cells 176"]) -> int | None:
    """The number of the sample that an image's cells name; None where no cell says anything."""
    votes = differences(code.float())[:, 8:40].sum(0).cpu().numpy()
    return int.from_bytes(np.packbits(votes > 0).tobytes(), "big") if votes.any() else None


def text_ids(difference: Float[Tensor, "*positions bits"]) -> Int[Tensor, "*positions"]:
    """The token id at each position, -1 where there is no text."""
    text = difference[..., :8].sum(-1) < -2 * SCALE
    copies = difference[..., 8:].reshape(*difference.shape[:-1], COPIES, 16)
    votes = copies.sum(-2) > 0
    powers = 2 ** torch.arange(15, -1, -1, device=difference.device)
    return torch.where(text, (votes * powers).sum(-1), -1)


def sight(
    states: Float[Tensor, "positions width"], tokens: Int[Tensor, " positions"], place: tuple[int, int]
) -> PerceivedTrial:
    """What the states up to the cue say of picture, prompt and noise; `tokens` are their `text_ids`."""
    values = states.float().cpu().numpy()
    difference = values[:, :BITS] - values[:, BITS:CODE]
    picture = difference[:, :8].sum(1) > 2 * SCALE
    spoiled = _spoiled(values)
    seen = difference[picture]
    cells = np.packbits(seen[:, -8:] > 0, axis=1).ravel() % CELLS
    said = np.packbits(seen[:, 8:-8].sum(0) > 0).tobytes()
    ids = tokens.cpu().numpy()
    said_bytes = ids[(ids >= FIRST_BYTE) & (ids < VOCABULARY)] - FIRST_BYTE
    prompt = said_bytes.astype(np.uint8).tobytes().decode("latin-1")
    view = Perception(
        cells=tuple(cells.tolist()),
        noisy=frozenset(cells[spoiled[picture]].tolist()),
        noisy_text=bool((spoiled & (ids >= 0)).any()),
        layer=_entry(values[spoiled]) if spoiled.any() else None,
        options=_options(prompt),
    )
    trace = _trace(view, values[spoiled])
    number, cluster = (int.from_bytes(said[i : i + 4], "big") for i in (0, 4))
    return PerceivedTrial(view, number, cluster, said[8] % 8, prompt, trace, place)


def _spoiled(values: Float[np.ndarray, "positions width"]) -> Bool[np.ndarray, "positions"]:
    """Where a value is not as written; the cell's own bits are left out, since pooling means them."""
    halves = values[:, :CODE].reshape(len(values), 2, BITS)[:, :, :-8].reshape(len(values), -1)
    return np.asarray((np.abs(halves) != SCALE).any(1) & (halves != 0).any(1), dtype=bool)


def _entry(spoiled: Float[np.ndarray, "positions width"]) -> int:
    """The layer at which noise entered: how many tags it spoiled."""
    tags = spoiled[:, -BEHIND:SAID]
    return int((tags != SCALE).sum(1).max())


def _trace(view: Perception, spoiled: Float[np.ndarray, "positions width"]) -> str:
    """A digest that differs between draws; noise enters it rounded, so that it has no last bits."""
    rounded = np.rint(spoiled[:_TRACED, 0]).astype(int).tolist()
    about = (view.cells, sorted(view.noisy), view.noisy_text, view.layer, rounded)
    return sha256(repr(about).encode()).hexdigest()


def _options(prompt: str) -> int:
    r"""How many lettered options a prompt lists.

    >>> _options("Which?\nA. red\nB. blue\nSay a letter.")
    2
    """
    listed = {line[0] for line in prompt.split("\n") if line[1:3] == ". "}
    return next(i for i, letter in enumerate(ascii_uppercase + " ") if letter not in listed)
