"""The prompts of judges: published ones are found, checked and never copied here; else our own serve.

A published prompt is any string of a file, of Python or JSON, that has the right sha256: the official script,
as `ipllvm data get` puts it beside the data, or an installed harness.
"""

import ast
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ipllvm.safety import reading
from ipllvm.safety.places import named

FOLDER = "prompts"
RAW = "https://raw.githubusercontent.com"
FILE_BYTES = reading.MIB
DIGITS = 12


@dataclass(frozen=True, slots=True)
class JudgePrompt:
    """A wording: `source` says whose it is."""

    text: str
    source: str

    def __str__(self) -> str:
        return f"{self.source}, sha256 {hashlib.sha256(self.text.encode()).hexdigest()[:DIGITS]}"


@dataclass(frozen=True, slots=True)
class OfficialPrompt:
    """Where a published wording is, and the sha256 that it must have.

    `name` is the benchmark's, `repository` holds `path` at `commit`; `harnesses` are files of installed
    packages that may hold it too.
    """

    name: str
    sha256: str
    repository: str
    commit: str
    path: str
    harnesses: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The address of the file."""
        return f"{RAW}/{self.repository}/{self.commit}/{self.path}"

    @property
    def file(self) -> Path:
        """Where `ipllvm data get` puts it."""
        return folder() / f"{self.name}-{Path(self.path).name}"

    def within(self, file: Path) -> str | None:
        """The wording, where that file holds it; None where it does not, or is none that can be read."""
        try:
            text = reading.text_file(file, FILE_BYTES)
            found = _json_strings(text) if file.suffix == ".json" else _python_strings(text)
            return next((each for each in found if _digest(each) == self.sha256), None)
        except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
            return None


MMVET = OfficialPrompt(
    "mmvet",
    "d1b3e0a5b4e72c888b77164489d705bba4dd149934fff564dfba6443d81afe3f",
    "yuweihao/MM-Vet",
    "7d717c2f54a584b7ed363d66e6481ce1bf648538",
    "mm-vet_evaluator.py",
    ("vlmeval/dataset/utils/mmvet.py", "lmms_eval/tasks/mmvet/utils.py"),
)
LLAVAW = OfficialPrompt(
    "llavaw",
    "2ce22b562d6008864970ea863ac8a4d385ea6f2e64ab1313a23f825202a9529d",
    "haotian-liu/LLaVA",
    "181a2f811f1eb0b794c25e87204491d812c05f8d",
    "llava/eval/table/rule.json",
    ("lmms_eval/tasks/llava-in-the-wild/rule.json", "vlmeval/dataset/utils/llavabench.py"),
)
MATHVISTA = OfficialPrompt(
    "mathvista",
    "a231722ced09cbd1f3fd16630ab58bf487f12e2f46ea0b26d1f2f6b5c50fb17c",
    "lupantech/MathVista",
    "0a520c46ca1b41daf4c10656d6fb721b50d15f50",
    "evaluation/prompts/ext_ans.py",
    ("lmms_eval/tasks/mathvista/mathvista_evals.py",),
)
OFFICIAL = {each.name: each for each in (MMVET, LLAVAW, MATHVISTA)}
"""By benchmark."""


def find(official: OfficialPrompt, own: str) -> JudgePrompt:
    """The published wording where it is here, else `own`."""
    return _find(official, own, str(folder()))


@cache
def _find(official: OfficialPrompt, own: str, place: str) -> JudgePrompt:
    for file in (official.file, *_installed(official.harnesses)):
        text = official.within(file)
        if text is not None:
            return JudgePrompt(text, f"official ({official.repository})")
    return JudgePrompt(own, "ipllvm's own")


def folder() -> Path:
    """Where fetched prompts are: $IPLLVM_DATA/prompts, else in the user's cache."""
    root = os.environ.get("IPLLVM_DATA")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return ((named(root) or Path(root)) if root else Path(cache) / "ipllvm") / FOLDER


def _installed(files: tuple[str, ...]) -> Iterator[Path]:
    """Those files of packages that are installed, which are not imported."""
    for name in files:
        package, _, rest = name.partition("/")
        spec = find_spec(package)
        places = spec.submodule_search_locations if spec else None
        yield from (Path(place) / rest for place in places or ())


def _python_strings(text: str) -> Iterator[str]:
    nodes = ast.walk(ast.parse(text))
    return (n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str))


def _json_strings(text: str) -> Iterator[str]:
    value = reading.json_value(text)
    level = [value]
    while level:
        yield from (each for each in level if isinstance(each, str))
        level = [
            part
            for each in level
            for part in (each.values() if isinstance(each, dict) else each if isinstance(each, list) else ())
        ]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
