"""The authors' prompts: each can be asked with, and each decoder has its own."""

from collections.abc import Collection
from pathlib import Path

import pytest

from ipllvm.errors import UnknownName
from ipllvm.models.originals import templates
from ipllvm.models.originals.settings import OriginalSettings
from ipllvm.models.originals.templates import HEADER, START, by_name, chosen, load


def checkpoint(text: str, name: str = "llava") -> OriginalSettings:
    return OriginalSettings(Path(name), {}, text, "t", 1, True, "square", None, "flat", "patch", -2)


@pytest.mark.parametrize("name", sorted(by_name()))
def test_a_prompt_holds_its_question_once_and_a_mark_for_each_picture(name: str) -> None:
    template = load(name)
    assert template.name == name
    for pictures in (0, 1, 3):
        for marks in (False, True):
            prompt = template.render("What is {0} % <|x|> ?", pictures, marks)
            assert prompt.count("What is {0} % <|x|> ?") == 1
            assert prompt.count(templates.PICTURE) == pictures
            assert prompt.count("<im_start>") == prompt.count("<im_end>") == pictures * marks
            assert prompt.startswith(template.before) and prompt.endswith(template.behind)


@pytest.mark.parametrize("name", sorted(by_name()))
def test_what_ends_an_answer_does_not_stand_in_the_cue(name: str) -> None:
    template = load(name)
    cue = template.behind.removeprefix(template.stop)
    assert not template.stop or template.stop in template.before + template.behind
    assert not cue.endswith(template.stop or "\0")


@pytest.mark.parametrize("question", ["", " ", "\n", "été ☃ 猫", "<image", "a" * 5000])
def test_a_question_is_not_changed(question: str) -> None:
    template = load("plain")
    assert template.render(question, 1, False) == f"<image>\n{question}\n"
    assert template.render(question, 0, True) == f"{question}\n"


@pytest.mark.parametrize("name", ["", "vicuna", "Vicuna_v1", "v1 "])
def test_a_template_of_no_such_name_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(UnknownName) as caught:
        load(name)
    line = str(caught.value)
    assert line.startswith(f"unknown prompt template '{name}': ")
    assert line.endswith(f"Known: {', '.join(sorted(by_name()))}")


@pytest.mark.parametrize(
    ("text", "rows", "words", "folder", "expected"),
    [
        ("llama", 32_000, (), "llava-v1.5-7b", "vicuna_v1"),
        ("llama", 32_000, (), "llava-LLAMA-2-13b", "llava_llama_2"),
        ("llama", 63_999, (), "x", "vicuna_v1"),
        ("llama", 64_000, (), "x", "chatml_direct"),
        ("llama", 64_999, (), "x", "chatml_direct"),
        ("llama", 65_000, (), "x", "vicuna_v1"),
        ("llama", 127_999, (), "x", "vicuna_v1"),
        ("llama", 128_000, (), "x", "llava_llama_3"),
        ("llama", 32_000, (HEADER,), "llama-2", "llava_llama_3"),
        ("llama", 32_000, (START,), "llama-2", "chatml_direct"),
        ("llama", 64_000, (HEADER, START), "x", "llava_llama_3"),
        ("mistral", 128_000, (HEADER,), "x", "mistral_instruct"),
        ("qwen2", 151_000, (START,), "x", "qwen_1_5"),
    ],
)
def test_a_checkpoint_that_names_none_is_asked_as_its_decoder_was(
    text: str, rows: int, words: Collection[str], folder: str, expected: str
) -> None:
    assert chosen(checkpoint(text, folder), rows, False, words).name == expected
    assert chosen(checkpoint(text, folder), rows, True, words).name == "plain", "a projector alone"
