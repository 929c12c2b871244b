"""The classification sets of the paper's Table 3, its footnote and Fig. 6a, asked of a model in words.

Sources: O. Russakovsky et al. (ImageNet), L. Fei-Fei et al. (Caltech101), A. Krizhevsky (CIFAR-100),
L. Bossard et al. (Food-101), O. Parkhi et al. (Oxford-IIIT Pet), A. Radford et al. (Country211), P. Helber et
al. (EuroSAT), S. Maji et al. (FGVC-Aircraft), J. Johnson et al. and X. Zhai et al. (CLEVR counts in VTAB).
The paper's protocol follows Y. Zhai et al. (EMT, 2024) at second hand: the class list is in the question, a
judge says whether the answer is right; without a judge rules read the label. Its 1,000 images are not named.
Our question asks for what the classes are, and lists those that nobody says of himself (kinds of land,
variants of aircraft).
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.cells import BadCell, Row, whole
from ipllvm.benchmarks.definition import OWN_RULE, Definition, Protocol
from ipllvm.benchmarks.names import PAPER, STANDARD
from ipllvm.benchmarks.originals import PICTURES
from ipllvm.benchmarks.prompts import short_answer
from ipllvm.benchmarks.sources import Hub
from ipllvm.benchmarks.templates import class_names
from ipllvm.records import Sample
from ipllvm.sampling import generator

LABELS = ("label", "cls", "fine_label")
ROOTS = ("", "test", "val", "images", "101_ObjectCategories", "EuroSAT_RGB", "2750", "country211/test")
SUBSAMPLE = 1000
QUESTION = "What is the object in the image?"


@cache
def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _sampled(name: str) -> Callable[[Row], Sample]:
    names = class_names(name)

    def sample(row: Row) -> Sample:
        """A row with its label as a number; the choices are all classes."""
        column = next((each for each in LABELS if each in row), LABELS[0])
        label = whole(row, column)
        if not 0 <= label < len(names):
            raise BadCell(column, f"{label} is not among the {len(names)} classes")
        return Sample("", "", (), "", names[label], _distinct(names), "class")

    return sample


def _asking(question: str, choosing: bool) -> Callable[[Row, Sample], str]:
    def worded(row: Row, sample: Sample) -> str:
        """The question, the classes where it is to choose one of them, the request for a short answer."""
        return short_answer(_choosing(question, sample.choices) if choosing else question)

    return worded


@cache
def _choosing(question: str, choices: tuple[str, ...]) -> str:
    return f"{question} Choose one of: {'; '.join(choices)}."


def listed(row: Row, sample: Sample) -> str:
    """EMT's question with all classes in it."""
    return _with_list(sample.choices)


@cache
def _with_list(choices: tuple[str, ...]) -> str:
    return f"{QUESTION} Please only answer a single object in <{','.join(choices)}>."


def a_thousand(name: str) -> Callable[[Sequence[Row]], Sequence[int]]:
    """A seeded subsample of 1,000 rows, as the paper's size is; which ones it took is not known."""

    def places(rows: Sequence[Row]) -> Sequence[int]:
        order = generator("1K subsample", name).permutation(len(rows))
        return sorted(int(place) for place in order[:SUBSAMPLE])

    return places


def _folders(name: str) -> Callable[[Path], list[dict[str, Any]] | None]:
    names = class_names(name)
    folders = class_names("caltech101-folders") if name == "caltech101" else names

    def original(folder: Path) -> list[dict[str, Any]] | None:
        """A folder a class, in the order of their names, as many as there are classes."""
        for root in (folder / part for part in ROOTS):
            found = sorted(each for each in root.iterdir() if each.is_dir()) if root.is_dir() else []
            if len(found) == len(folders):
                return [
                    {"image": path.relative_to(folder).as_posix(), "label": names.index(folders[number])}
                    for number, each in enumerate(found)
                    for path in sorted(each.iterdir())
                    if path.suffix.lower() in PICTURES
                ]
        return None

    return original


def _set(
    name: str,
    title: str,
    size: int,
    licence: str,
    hub: Hub,
    *errata: str,
    question: str = QUESTION,
    choosing: bool = False,
) -> Definition:
    """`question` asks for what the classes are; `choosing` puts them into it, where nobody would say them."""
    return Definition(
        name=name,
        title=title,
        size=size,
        licence=licence,
        sample=_sampled(name),
        protocols={
            STANDARD: Protocol(
                _asking(question, choosing), 32, OWN_RULE, "this project's question, the label read by rules"
            ),
            PAPER: Protocol(
                listed,
                32,
                OWN_RULE,
                "EMT's question, 1,000 rows of ours",
                a_thousand(name),
                judged="label_judge",
            ),
        },
        rules={OWN_RULE: "label"},
        key=("__key__",),
        hub=hub,
        pictures=("image", "img"),
        original=_folders(name),
        judged="judge",
        errata=errata,
    )


def _wds(name: str, *others: str) -> Hub:
    return Hub((f"clip-benchmark/wds_{name}", *others), ("test/*.tar", "*test*.tar"))


IMAGENET = _set(
    "imagenet",
    "ImageNet-1k, validation: 1,000 classes",
    50_000,
    "non-commercial research and education; terms to be accepted on the hub",
    Hub(("ILSVRC/imagenet-1k",), ("*validation-*.parquet",), gated=True),
    "two pairs of classes share a name in CLIP's list: missile and sunglasses; either label is right",
)
CALTECH101 = _set(
    "caltech101",
    "Caltech-101 as VTAB has it: 101 classes and a background",
    6084,
    "CC BY 4.0",
    _wds("vtab-caltech101", "haideraltahan/wds_caltech101"),
    "there is no official split; VTAB's test split may hold a row more on the hub",
)
CIFAR100 = _set(
    "cifar100",
    "CIFAR-100, test: 100 fine classes",
    10_000,
    "unknown",
    Hub(("uoft-cs/cifar100",), ("*test-*.parquet",)),
)
FOOD101 = _set(
    "food101",
    "Food-101: 101 dishes",
    25_250,
    "pictures are not owned by the authors",
    Hub(("ethz/food101",), ("*validation-*.parquet",)),
    question="Which dish is in the image?",
)
PETS = _set(
    "pets",
    "Oxford-IIIT Pet, test: 37 breeds",
    3669,
    "CC BY-SA 4.0 (unconfirmed)",
    _wds("vtab-pets"),
    question="Which breed of cat or dog is in the image?",
)
COUNTRY211 = _set(
    "country211",
    "Country211, test: where a photograph was taken",
    21_100,
    "each picture keeps its Creative Commons licence",
    _wds("country211"),
    question="In which country was this photograph taken?",
)
EUROSAT = _set(
    "eurosat",
    "EuroSAT (RGB) as VTAB has it: 10 kinds of land",
    5400,
    "MIT (unconfirmed)",
    _wds("vtab-eurosat"),
    question="What kind of land does this satellite image show?",
    choosing=True,
)
AIRCRAFT = _set(
    "aircraft",
    "FGVC-Aircraft, test: 100 variants",
    3333,
    "non-commercial research only",
    _wds("fgvc_aircraft"),
    question="Which variant of aircraft is in the image?",
    choosing=True,
)
CLEVR_COUNTS = _set(
    "clevr-counts",
    "CLEVR counts as VTAB has them: 3 to 10 objects",
    15_000,
    "CC BY 4.0 (unconfirmed)",
    _wds("vtab-clevr_count_all"),
    question="How many objects are in the image?",
)
