"""The prompt templates of LLaVA's authors, by the names that their code gives them.

`templates.json` holds what their code renders for one question about one picture; Llama 3's alone is put
together from the template that its tokenizers carry.
"""

from collections.abc import Container
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ipllvm.errors import UnknownName
from ipllvm.models.originals.settings import OriginalSettings
from ipllvm.safety import reading

FILE = Path(__file__).with_name("templates.json")
PICTURE, MARKED = "<image>", "<im_start><image><im_end>"
LLAMA_3, CHATML = 128_000, range(64_000, 65_000)
"""Rows of the embeddings of Llama 3, and of Yi, on which the 34B checkpoint stands."""
HEADER, START = "<|start_header_id|>", "<|im_start|>"
"""Tokens that only their tokenizers have, of the decoders that these are."""


@dataclass(frozen=True, slots=True)
class Template:
    """What stands before and behind a question about a picture, and what ends an answer (`stop`) beside the
    token for it.
    """

    name: str
    before: str
    behind: str
    stop: str = ""

    def render(self, question: str, pictures: int, marks: bool) -> str:
        """The prompt; each picture stands on a line before the question, `marks` says whether between marks.

        >>> print(Template("t", "USER: ", " ASSISTANT:").render("Is it?", 1, True))
        USER: <im_start><image><im_end>
        Is it? ASSISTANT:
        """
        picture = (MARKED if marks else PICTURE) + "\n"
        return self.before + picture * pictures + question + self.behind


@cache
def by_name() -> dict[str, Template]:
    """The templates by name."""
    listed: dict[str, Any] = reading.json_file(FILE)
    return {name: Template(name, *each) for name, each in listed.items()}


def load(name: str) -> Template:
    """The template of that name; raises UnknownName."""
    if name not in by_name():
        raise UnknownName("prompt template", name, sorted(by_name()))
    return by_name()[name]


def chosen(
    settings: OriginalSettings, rows: int, projector_alone: bool, words: Container[str] = ()
) -> Template:
    """The template of a checkpoint that names none: by its decoder, so many rows of its embeddings, and the
    tokens of its tokenizer.

    A projector that was trained alone has been asked for captions only.
    """
    if projector_alone:
        return load("plain")
    if settings.text == "qwen2":
        return load("qwen_1_5")
    if settings.text == "mistral":
        return load("mistral_instruct")
    if rows >= LLAMA_3 or HEADER in words:
        return load("llava_llama_3")
    if rows in CHATML or START in words:
        return load("chatml_direct")
    llama_2 = "llama-2" in settings.folder.name.lower()
    return load("llava_llama_2" if llama_2 else "vicuna_v1")
