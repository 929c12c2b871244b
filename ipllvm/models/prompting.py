"""How a question is put to a checkpoint: its chat template, or the authors' original prompt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from ipllvm.models.chat_template import fill

VICUNA = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
QWEN = "You are a helpful assistant."


@dataclass(frozen=True, slots=True)
class PromptStyle:
    """A system sentence before the question (None: the template alone), and padding to a square."""

    system: str | None = None
    square: bool = False

    @property
    def name(self) -> str:
        """The option's value that chose it."""
        return "original" if self.system else "checkpoint"


CHECKPOINT = PromptStyle()
TODAY = "strftime_now"
"""What a chat template calls for the time."""
ORIGINAL = {
    "llava-hf/llava-1.5-7b-hf": PromptStyle(VICUNA, square=True),
    "llava-hf/llava-v1.6-vicuna-7b-hf": PromptStyle(VICUNA),
    "llava-hf/llava-onevision-qwen2-7b-ov-hf": PromptStyle(QWEN),
}


def render(processor: Any, question: str, prompt: PromptStyle, mark: str, pictures: int = 1) -> str:
    """The chat template filled with the pictures and the question, up to where the answer begins.

    Raises ValueError unless the text holds `mark`, where there is one, once for each picture.
    """
    content = [*({"type": "image"} for _ in range(pictures)), {"type": "text", "text": question}]
    user = {"role": "user", "content": content}
    system = {"role": "system", "content": [{"type": "text", "text": prompt.system}]}
    messages = [system, user] if prompt.system else [user]
    text = fill(processor, messages)
    count = text.count(mark)
    if mark and count != pictures:
        expected = "once" if pictures == 1 else f"{pictures} times"
        raise ValueError(f"the prompt holds {mark!r} {count} times, must be {expected}: {text[:80]!r}")
    return text


def dated(processor: Any) -> tuple[str, ...]:
    """What a report says of a chat template that tells the date; nothing of any other."""
    template = getattr(processor, "chat_template", None)
    texts = template.values() if isinstance(template, dict) else [template]
    dates = any(TODAY in str(text) for text in texts)
    return ("its chat template tells the date: on another day it is asked with other prompts",) * dates


def pad_to_square(picture: Image.Image, mean: Sequence[float]) -> Image.Image:
    """The picture centred on a square of the mean colour (`mean` in [0, 1], RGB).

    >>> pad_to_square(Image.new("RGB", (4, 2)), [1.0, 0.0, 0.0]).getpixel((0, 0))
    (255, 0, 0)
    """
    width, height = picture.size
    side = max(width, height)
    red, green, blue = (int(value * 255) for value in mean)
    square = Image.new("RGB", (side, side), (red, green, blue))
    square.paste(picture, ((side - width) // 2, (side - height) // 2))
    return square
