"""A chat template is filled within limits of time, memory and length, and as transformers fills it."""

from typing import Any

import pytest
from transformers.utils.chat_template_utils import render_jinja_template

from ipllvm.models import chat_template

TURNS = [{"role": "user", "content": "How many?"}]


class Owner:
    """Fills a template as transformers does, in its sandbox."""

    def __init__(self, template: str) -> None:
        self.template = template

    def apply_chat_template(self, turns: Any, *, add_generation_prompt: bool, tokenize: bool) -> str:
        assert not tokenize
        made: Any = render_jinja_template(
            conversations=[turns], chat_template=self.template, add_generation_prompt=add_generation_prompt
        )
        return str(made[0][0])


def filled(template: str) -> str:
    return chat_template.fill(Owner(template), TURNS)


def test_the_words_are_asked_for_up_to_the_answer() -> None:
    template = (
        "<{{ messages[0]['role'] }}>{{ messages[0]['content'] }}{% if add_generation_prompt %}<a>{% endif %}"
    )
    assert filled(template) == "<user>How many?<a>"


@pytest.mark.parametrize(
    "template",
    [
        "{% set x = namespace(t='ab') %}{% for i in range(40) %}{% set x.t = x.t + x.t %}{% endfor %}",
        "{{ 'ab' * 9999999999 }}",
        "{{ 'a' | center(9999999999) }}",
    ],
)
def test_a_template_that_takes_too_much_memory_is_told(
    template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_template, "MEMORY", 256 << 20)
    with pytest.raises(ValueError, match="to fill the chat template takes more than 256 MiB of memory"):
        filled(template)


def test_a_template_that_never_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_template, "SECONDS", 0.2)
    loop = "{% for a in range(99999) %}" * 3 + "{% endfor %}" * 3
    with pytest.raises(TimeoutError, match=r"to fill the chat template takes more than 0\.2 s"):
        filled(loop)


def test_a_prompt_that_is_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_template, "CHARACTERS", 9)
    assert filled("123456789") == "123456789"
    with pytest.raises(ValueError, match="the prompt has 10 characters, more than 9"):
        filled("1234567890")
