"""What fixes an answer besides the trial, and the key that both make.

Imports no torch: a report is made from stored outcomes without a model.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, Final

from ipllvm.errors import UnknownName, UsageError
from ipllvm.records import Benchmark, ModelInfo, Trial

ENGINE: Final = 4
"""The version of ipllvm's own measurement. Raise it by hand with every change that can make another
answer of the same trial: in a perturbation, in a picture's or a prompt's way to the model, in decoding.
What an older one has measured is kept and measured again.
"""
ANSWERS = ("generate", "likelihood")
UNTOLD: Final[dict[str, Any]] = {"engine": 0, "images": ""}
"""Fields that older files lack; untold they are no part of the digest, as it was then."""
KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Context:
    """Model, numerics, data and answer mode: trials of two contexts are never the same measurement.

    `model` is the fingerprint of the checkpoint and `benchmark` the digest of the data, both hex;
    `device` is a device type ("cpu", "cuda"); `images` are the packages that pictures went through, with
    versions; `engine` is ENGINE as it was, 0 where a file is older than that. Names are for readers only
    and are no part of the digest. Raises UnknownName for an answer mode that is none, and UsageError for
    a replicate below 0.
    """

    model: str
    device: str
    dtype: str
    attention: str
    torch: str
    transformers: str
    benchmark: str
    prompt: str
    answer: str
    max_new_tokens: int
    replicate: int = 0
    engine: int = 0
    images: str = ""
    model_name: str = field(default="", compare=False)
    benchmark_name: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.answer not in ANSWERS:
            raise UnknownName("answer mode", self.answer, ANSWERS)
        if self.replicate < 0:
            raise UsageError(f"replicate {self.replicate}: give 0 or more")

    @classmethod
    def of(
        cls,
        model: ModelInfo,
        benchmark: Benchmark,
        answer: str = "generate",
        replicate: int = 0,
        image_backend: str = "pil",
    ) -> "Context":
        """The context of a loaded model on a benchmark, with the versions that are installed.

        `image_backend` is what processes its pictures: pil, or else something on top of torchvision.
        """
        return cls(
            model=model.fingerprint,
            **model.numerics,
            torch=installed("torch"),
            transformers=installed("transformers"),
            benchmark=benchmark.digest,
            prompt=model.prompt,
            answer=answer,
            max_new_tokens=benchmark.max_new_tokens,
            replicate=replicate,
            engine=ENGINE,
            images=_images(image_backend),
            model_name=model.name,
            benchmark_name=benchmark.name,
        )

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Context":
        """The inverse of `as_row`; raises TypeError where a field is missing or unknown."""
        return cls(**row)

    def as_row(self) -> dict[str, str | int]:
        """All fields by name, names for readers included."""
        return asdict(self)

    def digest(self) -> str:
        """The sha256 (64 hex digits) of the fields that count, as JSON with sorted names."""
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.compare}
        counted = {name: value for name, value in told.items() if UNTOLD.get(name) != value}
        return hashlib.sha256(json.dumps(counted, sort_keys=True).encode()).hexdigest()


def key(digest: str, trial: Trial) -> bytes:
    """The key (16 bytes) of a trial in the context of that digest.

    >>> key("ab" * 32, Trial("s1", "blank", 0)).hex()
    '14f7172fd316394bcef32ffdada9fea0'
    """
    sample, perturbation = quoted(trial.sample), quoted(trial.perturbation)
    content = f'["{digest}", {sample}, {perturbation}, {trial.draw}, {trial.seed}]'  # as json.dumps writes it
    return hashlib.sha256(content.encode()).digest()[:KEY_BYTES]


def _images(backend: str) -> str:
    packages = ("pillow",) if backend == "pil" else ("pillow", "torchvision")
    return ", ".join(f"{package} {installed(package)}" for package in packages)


@cache
def installed(package: str) -> str:
    """The version of a package as its metadata say, so that it need not be imported; read once, in 5 ms."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
