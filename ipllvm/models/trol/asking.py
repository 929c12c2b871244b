"""Questions as TroL's demo puts them, and as its tokenizer reads them: one string, with nothing added."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tokenizers import AddedToken
from transformers import BatchFeature

from ipllvm.models.originals import tokenizer
from ipllvm.models.originals.processor import OriginalProcessor
from ipllvm.models.originals.templates import PICTURE, Template
from ipllvm.models.originals.tokenizer import ChunkedTokenizer
from ipllvm.models.trol.internlm2 import SIDE
from ipllvm.models.trol.pictures import Squeezed, Tiles

NAMED = (
    "You are AI model created by Byung-Kwan Lee, Ph.D. candidate, KAIST EE, of which AI model name is TroL "
    "(Traversal of Layers). You must give helpful, detailed, and polite answers to the user's questions"
)
BEGIN, END = "[UNUSED_TOKEN_146]", "[UNUSED_TOKEN_145]"
INTERNLM2 = Template(
    "trol", f"<s>{BEGIN}system\n{NAMED}{END}\n{BEGIN}user\n", f"{END}\n{BEGIN}assistant\n", END
)
PHI3 = Template(
    "trol-3.8b", f"<s><|system|>\n{NAMED}<|end|>\n<|user|>\n", "<|end|>\n<|assistant|>\n", "<|end|>"
)
CONTEXT = "<IMG_CONTEXT>"


class WholeTokenizer(ChunkedTokenizer):
    """A tokenizer for prompts with `<image>` in them, which is a token among others, of a given name."""

    def __init__(self, plain: Any, token: str) -> None:
        super().__init__(plain, plain.convert_tokens_to_ids(token))
        self._token = token

    def _ids(self, text: str) -> Iterator[int]:
        yield from self._plain(text.replace(PICTURE, self._token), add_special_tokens=False)["input_ids"]


class TilesProcessor(OriginalProcessor):
    """A processor that puts <img> before a picture's tokens, which are as many as its tiles have, and </img>
    behind them.
    """

    def __call__(self, images: Sequence[Any] | None = None, text: str = "", **_: Any) -> BatchFeature:
        """What the model takes of pictures and a prompt with `<image>` for each."""
        if not images:
            return BatchFeature(dict(self.tokenizer(text)))
        (image,) = images
        fields = self.image_processor([image])
        tokens = PICTURE * (self._places * len(fields["pixel_values"]))
        return BatchFeature({**self.tokenizer(text.replace(PICTURE, f"<img>{tokens}</img>")), **fields})


def processor(folder: Path, patch: int) -> OriginalProcessor:
    """That of TroL on InternLM2, whose `<image>` is the token behind all others."""
    return of_squares(tokenizer.load(folder, (PICTURE,)), patch)


def of_squares(plain: Any, patch: int) -> OriginalProcessor:
    """The same with a tokenizer that knows `<image>`."""
    return OriginalProcessor(WholeTokenizer(plain, PICTURE), Squeezed(patch), INTERNLM2, False, SIDE**2, None)


def tiles_processor(folder: Path, side: int, places: int) -> TilesProcessor:
    """That of TroL-3.8B, with so many tokens a tile of that side."""
    plain = tokenizer.load(folder, ())
    marks = ("<img>", "</img>", CONTEXT)
    plain.add_tokens([AddedToken(token, special=True, normalized=False) for token in marks])
    return of_tiles(plain, side, places)


def of_tiles(plain: Any, side: int, places: int) -> TilesProcessor:
    """The same with a tokenizer that knows its marks."""
    return TilesProcessor(WholeTokenizer(plain, CONTEXT), Tiles(side), PHI3, False, places, None)
