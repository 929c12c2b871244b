"""What there is, by name: each entry is "module:attribute" and imported only when asked for.

Adding a benchmark, perturbation, scorer or model family is one file and one line here; being
registered is being tested (ipllvm/tests/contracts).
"""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from ipllvm.errors import UnknownName


class Registry:
    """Names of one kind and where they live.

    >>> BENCHMARKS.load("scenes").__module__
    'ipllvm.benchmarks.scenes'
    """

    def __init__(self, kind: str, entries: dict[str, str]) -> None:
        self.kind = kind
        self._entries = entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def check(self, name: str) -> str:
        """`name`, if it is known; raises UnknownName with the closest one."""
        if name not in self._entries:
            raise UnknownName(self.kind, name, self._entries)
        return name

    def load(self, name: str) -> Any:
        """The object behind `name`; raises UnknownName."""
        module, attribute = self._entries[self.check(name)].split(":")
        return getattr(import_module(module), attribute)


FAMILIES = Registry(
    "model family",
    {
        "llava": "ipllvm.models.llava:Llava",
        "llava_next": "ipllvm.models.llava_next:LlavaNext",
        "llava_onevision": "ipllvm.models.llava_onevision:LlavaOnevision",
    },
)
PLANTED = Registry(
    "kind of planted model",
    {
        "invariant": "ipllvm.models.planted.kinds:Invariant",
        "exact-drop": "ipllvm.models.planted.kinds:ExactDrop",
        "positional": "ipllvm.models.planted.kinds:Positional",
        "blind": "ipllvm.models.planted.kinds:Blind",
        "one-answer": "ipllvm.models.planted.kinds:OneAnswer",
        "occlusion-linear": "ipllvm.models.planted.kinds:OcclusionLinear",
        "group-k": "ipllvm.models.planted.kinds:GroupK",
        "layer-l": "ipllvm.models.planted.kinds:LayerL",
        "modality": "ipllvm.models.planted.kinds:Modality",
        "lossy": "ipllvm.models.planted.kinds:Lossy",
        "aligned": "ipllvm.models.planted.kinds:Aligned",
        "noisy": "ipllvm.models.planted.kinds:Noisy",
        "failing": "ipllvm.models.planted.kinds:Failing",
    },
)
BENCHMARKS = Registry(
    "benchmark",
    {
        "easyvqa": "ipllvm.benchmarks.easyvqa:short",
        "easyvqa-mc": "ipllvm.benchmarks.easyvqa:lettered",
        "easyvqa-wide": "ipllvm.benchmarks.formats:wide_easyvqa",
        "easyvqa-tall": "ipllvm.benchmarks.formats:tall_easyvqa",
        "scenes": "ipllvm.benchmarks.scenes:short",
        "scenes-mc": "ipllvm.benchmarks.scenes:lettered",
        "scenes-wide": "ipllvm.benchmarks.formats:wide_scenes",
        "scenes-tall": "ipllvm.benchmarks.formats:tall_scenes",
        "charts": "ipllvm.benchmarks.charts:short",
        "charts-mc": "ipllvm.benchmarks.charts:lettered",
        "mmvp": "ipllvm.benchmarks.mmvp:load",
        "word_problems": "ipllvm.benchmarks.word_problems:benchmark",
        "gsm8k": "ipllvm.benchmarks.gsm8k:load",
        "objects": "ipllvm.benchmarks.objects:load",
        "captions-mc": "ipllvm.benchmarks.captions:load",
        "planted": "ipllvm.benchmarks.planted:single",
        "planted-2": "ipllvm.benchmarks.planted:pairs",
        "planted-10": "ipllvm.benchmarks.planted:tens",
        "planted-captions": "ipllvm.benchmarks.planted:captions",
    },
)
PERTURBATIONS = Registry(
    "perturbation",
    {
        "clean": "ipllvm.perturbations.substitution:Clean",
        "blank": "ipllvm.perturbations.substitution:Blank",
        "untouched": "ipllvm.perturbations.untouched:Untouched",
        "permutation": "ipllvm.perturbations.permutation:Permutation",
        "swaps": "ipllvm.perturbations.permutation:Swaps",
        "keep": "ipllvm.perturbations.selection:Keep",
        "layer_noise": "ipllvm.perturbations.noise:LayerNoise",
        "group_noise": "ipllvm.perturbations.noise:GroupNoise",
        "drop": "ipllvm.perturbations.occlusion:Drop",
        "random_drop": "ipllvm.perturbations.occlusion:RandomDrop",
        "salient_drop": "ipllvm.perturbations.occlusion:SalientDrop",
        "patch_shuffle": "ipllvm.perturbations.shuffle:PatchShuffle",
        "cell_swaps": "ipllvm.perturbations.shuffle:CellSwaps",
        "synthetic": "ipllvm.perturbations.synthetic:Synthetic",
    },
)
SCORERS = Registry(
    "scorer",
    {
        "exact_match": "ipllvm.scorers.exact_match:score",
        "multiple_choice": "ipllvm.scorers.multiple_choice:score",
        "numeric": "ipllvm.scorers.numeric:score",
        "yes_no": "ipllvm.scorers.yes_no:score",
        "label": "ipllvm.scorers.label:score",
        "judge": "ipllvm.scorers.judge:CORRECT",
    },
)
