"""Checkpoints of somebody else: damaged, endless, or with names that steer terminals."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ipllvm.models.sources import embedded_folder
from ipllvm.tests.hostile import damage
from ipllvm.tests.hostile.row import Row

CHECK = (
    "check", "ckpt", "-k", "test_clean_score", "--benchmark=scenes", "--samples=8", "--device=cpu", "-q",
    "--batch-size=8", "--offline",
)  # fmt: skip
STATUS = (4, 7)
ESCAPES = "\x1b]0;pwned\x07\n::error::pwned\u202e##[error]x"
TEMPLATE = "{{ messages[0]['content'][1]['text'] }}<image>"


def checkpoint(change: Callable[[Path], object]) -> Callable[[Path], None]:
    """A whole checkpoint, changed; its weights are shared with the embedded one."""

    def make(folder: Path) -> None:
        shutil.copytree(embedded_folder("llava-tiny"), folder / "ckpt", copy_function=_copied)
        change(folder)

    return make


def _copied(source: str, target: str) -> None:
    if source.endswith(".safetensors"):
        Path(target).symlink_to(source)
    else:
        shutil.copyfile(source, target)


def replaced(name: str, make: Callable[[Path], None]) -> Callable[[Path], None]:
    """A checkpoint without one of its files, which `make` may put back in its own way."""

    def change(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        make(folder)

    return checkpoint(change)


def config(*path: str, value: Any, file: str = "config.json") -> Callable[[Path], None]:
    """Another value at a place of a JSON file."""

    def change(folder: Path) -> None:
        place = folder / "ckpt" / file
        made = json.loads(place.read_text())
        inner = made
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = value
        place.write_text(json.dumps(made))

    return checkpoint(change)


def template(text: str) -> Callable[[Path], None]:
    """Another chat template."""
    return checkpoint(lambda folder: (folder / "ckpt" / "chat_template.jinja").write_text(text))


def index(content: object) -> Callable[[Path], None]:
    """An index of shards in place of the weights."""

    def change(folder: Path) -> None:
        (folder / "ckpt" / "model.safetensors").unlink()
        (folder / "ckpt" / "model.safetensors.index.json").write_text(json.dumps(content))

    return checkpoint(change)


OTHERS = ("cut short", "nested deep", "a list", "null", "a pipe", "a device", "no text", "escapes", "missing")
FILES = {
    name: [what for what in damage.all_of("x") if name == "config.json" or what in OTHERS]
    for name in ("config.json", "processor_config.json", "tokenizer.json", "model.safetensors")
}
SIZES = {
    "hundred million layers": ("text_config", "num_hidden_layers"),
    "hundred million tower layers": ("vision_config", "num_hidden_layers"),
    "a hundred million wide": ("text_config", "hidden_size"),
    "a hundred million heads": ("text_config", "num_attention_heads"),
    "a hundred million pixels wide": ("vision_config", "image_size"),
    "a hundred million words": ("text_config", "vocab_size"),
}
WRONG = {
    "a list for its text": (("text_config",), []),
    "words for its layers": (("text_config", "num_hidden_layers"), "two"),
    "null for its patches": (("vision_config", "patch_size"), None),
    "no patch": (("vision_config", "patch_size"), 0),
    "half a layer": (("text_config", "num_hidden_layers"), 0.5),
    "minus one layer": (("text_config", "num_hidden_layers"), -1),
    "a list for its type": (("model_type",), ["llava"]),
    "a type of no kind": (("model_type",), ESCAPES),
    "a table for its architectures": (("architectures",), {"a": 1}),
    "a number for its architectures": (("architectures",), 1),
    "another width of the text": (("text_config", "hidden_size"), 7),
}
LOOP = "{% for a in range(99999) %}" * 3 + "{% endfor %}" * 3
GROWS = "{% set x = namespace(t='a') %}{% for i in range(40) %}{% set x.t = x.t + x.t %}{% endfor %}{{ x.t }}"
TEMPLATES = {
    "that never ends": LOOP + TEMPLATE,
    "that grows": GROWS,
    "that calls what is not there": "{{ messages.pop.nothing() }}",
    "that is no template": "{% for %}",
    "that is nested deep": "{{ " + "(" * 5_000 + ")" * 5_000 + " }}",
    "that raises with escapes": "{{ raise_exception('" + ESCAPES.replace("\n", "\\n") + "') }}",
    "with another template in it": "{% include 'x' %}",
    "that runs code": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "without the picture": "{{ messages[0]['content'][1]['text'] }}",
    "that is empty": "",
    "of escapes alone": ESCAPES,
}
ROWS = [
    *(
        Row(
            f"checkpoint whose {name} is {what}",
            CHECK,
            STATUS,
            "ckpt",
            make := replaced(f"ckpt/{name}", damage.all_of(f"ckpt/{name}")[what]),
            fast=(name, what) == ("config.json", "nested deep"),
        )
        for name, kinds in FILES.items()
        for what in kinds
    ),
    *(
        Row(f"checkpoint of {what}", CHECK, STATUS, "ckpt", config(*path, value=10**8))
        for what, path in SIZES.items()
    ),
    *(
        Row(f"checkpoint with {what}", CHECK, STATUS, "ckpt", config(*path, value=value))
        for what, (path, value) in WRONG.items()
    ),
    *(
        Row(f"checkpoint with a template {what}", CHECK, STATUS, "", template(text))
        for what, text in TEMPLATES.items()
    ),
    *(
        Row(f"checkpoint whose index {what}", CHECK, STATUS, "index.json", index(content))
        for what, content in {
            "is empty": {},
            "lists nothing": {"weight_map": {}},
            "lists numbers": {"weight_map": {"a": 1}},
            "is a list": {"weight_map": []},
            "names a file outside": {"weight_map": {"a": "../victim"}},
            "names escapes": {"weight_map": {ESCAPES: ESCAPES}},
        }.items()
    ),
    Row("checkpoint that is not there", ("check", "./absent"), 4, "no such model folder", lines=1, fast=True),
    Row("checkpoint that is a file", ("check", "./file"), 4, "file", damage.written("file", b""), True, 1),
    Row("checkpoint with an empty folder", CHECK, STATUS, "no config.json", damage.directory("ckpt")),
]
