"""A run that Python has asked for: the call of `ipllvm.check` as words with options, and words as a call."""

import ast
import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

START: Final = "ipllvm.check"
ARGUMENTS: Final = {"property": "properties", "benchmark": "benchmarks", "baseline": "against"}
"""Arguments of `ipllvm.check` that are called otherwise than their options."""
OPTIONS: Final = {argument: option for option, argument in ARGUMENTS.items()}
IN_MEMORY: Final = "model, processor"
NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
TEXTS: Final = ("name", *ARGUMENTS.values())
"""Arguments that are no numbers, whatever they say."""


def call(words: Sequence[str]) -> str:
    """The call that asks for what these words do; without a `--model` it is of one in memory.

    >>> call([START, "--model=llava-tiny", "-k", "image_use", "--samples=90", "--no-store"])
    'ipllvm.check("llava-tiny", properties="image_use", samples=90, no_store=True)'
    >>> call([START, "--name=step-9", "--property=test_mine.py", "-k", "mirror"])
    'ipllvm.check(model, processor, name="step-9", properties="test_mine.py")'
    """
    given: dict[str, list[str]] = {}
    rest = iter(words[1:])
    for word in rest:
        if word == "-k":
            given.setdefault("property", [next(rest, "")])
        else:
            name, _, value = word.removeprefix("--").partition("=")
            given.setdefault(name, []).append(value if "=" in word else "")
            if "=" not in word:
                given[name] = []
    models = given.pop("model", [])
    arguments = [_several(models) if models else IN_MEMORY]
    for option, values in given.items():
        name = ARGUMENTS.get(option, option.replace("-", "_"))
        arguments.append(f"{name}={_several(values, name) if values else True}")
    return f"{START}({', '.join(arguments)})"


def words(command: str) -> list[str]:
    """The words of a call that `call` has written; nothing where it is another one.

    >>> words('ipllvm.check("llava-tiny", benchmarks=["a", "b"], no_store=True)')
    ['ipllvm.check', '--model=llava-tiny', '--benchmark=a', '--benchmark=b', '--no-store']
    """
    try:
        found = ast.parse(command, mode="eval").body
        return [START, *_words(found)] if isinstance(found, ast.Call) else []
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _words(found: ast.Call) -> Iterator[str]:
    """Raises ValueError for arguments that are no values."""
    if ast.unparse(found.func) != START:
        raise ValueError(START)
    if [ast.unparse(each) for each in found.args] != IN_MEMORY.split(", "):
        for each in found.args:
            yield from _spelled("model", ast.literal_eval(each))
    for argument in found.keywords:
        name = str(argument.arg)
        yield from _spelled(OPTIONS.get(name, name.replace("_", "-")), ast.literal_eval(argument.value))


def _spelled(option: str, value: object) -> Iterator[str]:
    if value is True:
        yield f"--{option}"
        return
    for each in value if isinstance(value, list) else [value]:
        yield f"--{option}={each}"


def _several(values: Sequence[str], name: str = "name") -> str:
    """One value, or a list of several, as Python has them."""
    found = [_literal(value, name) for value in values]
    return found[0] if len(found) == 1 else f"[{', '.join(found)}]"


def _literal(value: str, name: str) -> str:
    return value if NUMBER.fullmatch(value) and name not in TEXTS else json.dumps(value, ensure_ascii=False)
