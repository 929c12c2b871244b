"""A question's chat template is filled once, whatever pictures it is asked about."""

from types import SimpleNamespace
from typing import Any

import torch
from PIL import Image

from ipllvm.models.preparing import Preparer
from ipllvm.models.prompting import CHECKPOINT


class Processor:
    """Knows the text that it is given, and counts how often its template is filled."""

    tokenizer = SimpleNamespace(convert_ids_to_tokens=lambda number: "<image>", bos_token=None)

    def __init__(self) -> None:
        self.filled: list[str] = []
        self.texts: list[str] = []

    def apply_chat_template(self, turns: Any, **how: Any) -> str:
        pictures = len([part for part in turns[-1]["content"] if part["type"] == "image"])
        question = str(turns[-1]["content"][-1]["text"])
        self.filled.append(question)
        return "<image>" * pictures + question

    def __call__(self, images: Any, text: str, **how: Any) -> dict[str, torch.Tensor]:
        self.texts.append(text)
        return {"input_ids": torch.tensor([[9, 1, 2]]), "pixels": torch.zeros(1)}


def test_a_question_is_put_once_and_its_pictures_each() -> None:
    processor = Processor()
    preparer = Preparer(processor, CHECKPOINT, "m", placeholder=9, mark="", several=True)
    picture = Image.new("RGB", (4, 4))
    for images, prompt in (([picture], "a"), ([picture], "b"), ([picture], "a"), ([picture] * 2, "a")):
        preparer.prepare(images, prompt)
    assert processor.filled == ["a", "b", "a"]
    assert processor.texts == ["<image>a", "<image>b", "<image>a", "<image><image>a"]
