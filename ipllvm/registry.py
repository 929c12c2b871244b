"""What there is, by name: each entry is "module:attribute" and imported only when asked for.

Adding a benchmark, perturbation, scorer, judge or model family to ipllvm is one file and one line here;
being registered is being tested (ipllvm/tests/contracts). A package of one's own offers them as entry
points of the group that a registry names (docs/adding/package.md); ipllvm's own names can't be taken.
"""

from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from ipllvm.errors import FAULTS, UnknownName, UsageError, first_line


class Registry:
    """Names of one kind and where they live: `entries` are ipllvm's own, others come from installed packages.

    `group` is the group of their entry points, empty where nobody else can add any.

    >>> BENCHMARKS.load("scenes").__module__
    'ipllvm.benchmarks.scenes'
    """

    def __init__(self, kind: str, entries: dict[str, str], group: str = "") -> None:
        self.kind = kind
        self.group = group
        self._entries = entries
        self._lent: dict[str, Any] = {}

    def __iter__(self) -> Iterator[str]:
        yield from self._entries
        yield from self.installed
        yield from self._lent

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self.installed or name in self._lent

    def check(self, name: str) -> str:
        """`name`, if it is known; raises UnknownName with the closest one."""
        if name not in self:
            raise UnknownName(self.kind, name, self)
        return name

    def load(self, name: str) -> Any:
        """The object behind `name`; raises UnknownName, and UsageError where its package is broken."""
        if self.check(name) in self._lent:
            return self._lent[name]
        if name in self._entries:
            module, attribute = self._entries[name].split(":")
            return getattr(import_module(module), attribute)
        first, *others = self.installed[name]
        if others:
            packages = ", ".join(sorted({_package(each) for each in (first, *others)}))
            raise UsageError(f"{self.kind} '{name}' is offered more than once, by {packages}: uninstall one")
        try:
            return first.load()
        except FAULTS as error:  # whatever the import of other people's code raises
            what = f"{self.kind} '{name}' of the package {_package(first)}"
            why = f"{type(error).__name__}: {first_line(error)}"
            raise UsageError(f"{what} can't be loaded from {first.value}: {why}") from error

    def lend(self, name: str, made: Any) -> None:
        """Know `made` by `name` in this process; raises UsageError where something else has the name."""
        if name in self._entries or name in self.installed:
            raise UsageError(
                f"{self.kind} '{name}' has the name of one that is there already: give it another"
            )
        self._lent[name] = made

    @cached_property
    def installed(self) -> dict[str, list[EntryPoint]]:
        """What other packages offer, by name; what they call like something of ipllvm's is left out."""
        found: dict[str, list[EntryPoint]] = {}
        for each in entry_points(group=self.group) if self.group else ():
            if each.name not in self._entries and each not in found.setdefault(each.name, []):
                found[each.name].append(each)
        return {name: each for name, each in found.items() if each}


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.module.partition(".")[0]


FAMILIES = Registry(
    "model family",
    {
        "llava": "ipllvm.models.families.llava:Llava",
        "llava_next": "ipllvm.models.families.llava_next:LlavaNext",
        "llava_onevision": "ipllvm.models.families.llava_onevision:LlavaOnevision",
        "vipllava": "ipllvm.models.families.square:VipLlava",
        "mistral3": "ipllvm.models.families.grids:Pixtral",
        "lighton_ocr": "ipllvm.models.families.grids:LightOnOcr",
        "internvl": "ipllvm.models.families.tiles:InternVL",
        "aya_vision": "ipllvm.models.families.tiles:AyaVision",
        "cohere2_vision": "ipllvm.models.families.tiles:Cohere2Vision",
        "perception_lm": "ipllvm.models.families.tiles:PerceptionLM",
        "idefics3": "ipllvm.models.families.tiles:Idefics3",
        "smolvlm": "ipllvm.models.families.tiles:Idefics3",
        "ovis2": "ipllvm.models.families.tiles:Ovis2",
        "got_ocr2": "ipllvm.models.families.square:Square",
        "janus": "ipllvm.models.families.square:Aligned",
        "deepseek_vl": "ipllvm.models.families.square:Aligned",
        "deepseek_vl_hybrid": "ipllvm.models.families.square:Aligned",
        "video_llama_3": "ipllvm.models.families.grids:VideoLlama3",
        "qwen2_vl": "ipllvm.models.families.grids:QwenVL",
        "qwen2_5_vl": "ipllvm.models.families.grids:QwenVL",
        "qwen3_vl": "ipllvm.models.families.grids:Deepstack",
        "qwen3_vl_moe": "ipllvm.models.families.grids:Deepstack",
        "glm4v": "ipllvm.models.families.grids:QwenVL",
        "glm46v": "ipllvm.models.families.grids:QwenVL",
        "glm4v_moe": "ipllvm.models.families.grids:QwenVL",
        "exaone4_5": "ipllvm.models.families.grids:Exaone",
        "gemma3": "ipllvm.models.families.gemma:Gemma3",
        "paligemma": "ipllvm.models.families.gemma:PaliGemma",
        "gemma4": "ipllvm.models.families.gemma:Gemma4",
        "molmo2": "ipllvm.models.families.molmo:Molmo2",
        "qwen3_5": "ipllvm.models.families.grids:QwenVL",
        "qwen3_5_moe": "ipllvm.models.families.grids:QwenVL",
        "lfm2_vl": "ipllvm.models.families.tiles:Lfm2Vl",
        "llama4": "ipllvm.models.families.tiles:Llama4",
        "idefics2": "ipllvm.models.families.queries:Idefics2",
        "aria": "ipllvm.models.families.queries:Queries",
        "blip-2": "ipllvm.models.families.queries:Blip2",
        "instructblip": "ipllvm.models.families.queries:InstructBlip",
        "mllama": "ipllvm.models.families.mllama:Mllama",
        "granite4_vision": "ipllvm.models.families.granite:Granite4Vision",
    },
    "ipllvm.models",
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
        "aligned": "ipllvm.models.planted.kinds:AlignmentLoss",
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
        "mmvp": "ipllvm.benchmarks.mmvp_rules:MMVP",
        "qbench": "ipllvm.benchmarks.qbench:QBENCH",
        "mme": "ipllvm.benchmarks.mme:MME",
        "mmstar": "ipllvm.benchmarks.mmstar:MMSTAR",
        "mmvet": "ipllvm.benchmarks.mmvet:MMVET",
        "llavaw": "ipllvm.benchmarks.llavaw:LLAVAW",
        "mathvista": "ipllvm.benchmarks.mathvista:MATHVISTA",
        "scienceqa": "ipllvm.benchmarks.scienceqa:SCIENCEQA",
        "chartqa": "ipllvm.benchmarks.chartqa:CHARTQA",
        "ai2d": "ipllvm.benchmarks.ai2d:AI2D",
        "ai2d-no-mask": "ipllvm.benchmarks.ai2d:AI2D_NO_MASK",
        "seed": "ipllvm.benchmarks.seed:SEED",
        "imagenet": "ipllvm.benchmarks.classification:IMAGENET",
        "caltech101": "ipllvm.benchmarks.classification:CALTECH101",
        "cifar100": "ipllvm.benchmarks.classification:CIFAR100",
        "food101": "ipllvm.benchmarks.classification:FOOD101",
        "pets": "ipllvm.benchmarks.classification:PETS",
        "country211": "ipllvm.benchmarks.classification:COUNTRY211",
        "eurosat": "ipllvm.benchmarks.classification:EUROSAT",
        "aircraft": "ipllvm.benchmarks.classification:AIRCRAFT",
        "clevr-counts": "ipllvm.benchmarks.classification:CLEVR_COUNTS",
        "docci": "ipllvm.benchmarks.docci:DOCCI",
        "word_problems": "ipllvm.benchmarks.word_problems:benchmark",
        "gsm8k": "ipllvm.benchmarks.gsm8k:GSM8K",
        "objects": "ipllvm.benchmarks.objects:load",
        "captions-mc": "ipllvm.benchmarks.captions:load",
        "planted": "ipllvm.benchmarks.planted:single",
        "planted-2": "ipllvm.benchmarks.planted:pairs",
        "planted-10": "ipllvm.benchmarks.planted:tens",
        "planted-giant": "ipllvm.benchmarks.planted:giant",
        "planted-graded": "ipllvm.benchmarks.planted:graded",
        "planted-captions": "ipllvm.benchmarks.planted:captions",
    },
    "ipllvm.benchmarks",
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
        "resized": "ipllvm.perturbations.framing:Resized",
        "letterboxed": "ipllvm.perturbations.framing:Letterboxed",
        "oriented": "ipllvm.perturbations.framing:Oriented",
        "jpeg": "ipllvm.perturbations.degradation:Jpeg",
        "pixel_noise": "ipllvm.perturbations.degradation:PixelNoise",
    },
    "ipllvm.perturbations",
)
SCORERS = Registry(
    "scorer",
    {
        "exact_match": "ipllvm.scorers.exact_match:score",
        "multiple_choice": "ipllvm.scorers.multiple_choice:score",
        "nearby_choice": "ipllvm.scorers.nearby_choice:score",
        "numeric": "ipllvm.scorers.numeric:score",
        "yes_no": "ipllvm.scorers.yes_no:score",
        "label": "ipllvm.scorers.label:score",
        "any_answer": "ipllvm.scorers.any_answer:score",
        "mixed": "ipllvm.scorers.mixed:score",
        "judge": "ipllvm.scorers.judge:CORRECT",
        "label_judge": "ipllvm.scorers.judge:LABEL",
        "mme_official": "ipllvm.scorers.official.mme:official",
        "mme_lmms": "ipllvm.scorers.official.mme:lmms",
        "mme_vlmeval": "ipllvm.scorers.official.mme:vlmeval",
        "mmstar_lmms": "ipllvm.scorers.official.mmstar:lmms",
        "mmstar_official": "ipllvm.scorers.official.mmstar:official",
        "mmvet_judge": "ipllvm.scorers.official.mmvet:judge",
        "llavaw_judge": "ipllvm.scorers.official.llavaw:judge",
        "mathvista_published": "ipllvm.scorers.official.mathvista:published",
        "mathvista_today": "ipllvm.scorers.official.mathvista:today",
        "mathvista_strict": "ipllvm.scorers.official.mathvista:strict",
        "scienceqa_official": "ipllvm.scorers.official.scienceqa:official",
        "scienceqa_lmms": "ipllvm.scorers.official.scienceqa:lmms",
        "scienceqa_trol": "ipllvm.scorers.official.scienceqa:trol",
        "qbench_lmms": "ipllvm.scorers.official.qbench:lmms",
        "qbench_trol": "ipllvm.scorers.official.qbench:trol",
        "chartqa_relaxed": "ipllvm.scorers.official.chartqa:relaxed",
        "chartqa_stripped": "ipllvm.scorers.official.chartqa:stripped",
        "chartqa_swapped": "ipllvm.scorers.official.chartqa:swapped",
        "chartqa_trol": "ipllvm.scorers.official.chartqa:trol",
        "chartqa_strict": "ipllvm.scorers.official.chartqa:strict",
        "ai2d_lmms": "ipllvm.scorers.official.ai2d:lmms",
        "ai2d_trol": "ipllvm.scorers.official.ai2d:trol",
        "seed_official": "ipllvm.scorers.official.seed:official",
        "seed_lmms": "ipllvm.scorers.official.seed:lmms",
        "seed_trol": "ipllvm.scorers.official.seed:trol",
        "mmvp_by_letter": "ipllvm.scorers.official.mmvp:by_letter",
        "mmvp_lmms": "ipllvm.scorers.official.mmvp:lmms",
        "mmvp_judge": "ipllvm.scorers.official.mmvp:judge",
        "gsm8k_strict": "ipllvm.scorers.official.gsm8k:strict",
        "gsm8k_flexible": "ipllvm.scorers.official.gsm8k:flexible",
        "gsm8k_hashed": "ipllvm.scorers.official.gsm8k:hashed",
        "gsm8k_openai": "ipllvm.scorers.official.gsm8k:openai",
        "gsm8k_kojima": "ipllvm.scorers.official.gsm8k:kojima",
        "gsm8k_kojima_zero_shot": "ipllvm.scorers.official.gsm8k:kojima_zero_shot",
        "vlmeval_letter": "ipllvm.scorers.official.vlmeval:letter",
        "lmms_task": "ipllvm.scorers.official.lmms:task",
    },
    "ipllvm.scorers",
)
TOTALS = Registry(
    "total",
    {
        "accuracy": "ipllvm.metrics.totals:accuracy",
        "pair_accuracy": "ipllvm.metrics.totals:pair_accuracy",
        "mean_grade": "ipllvm.metrics.totals:mean_grade",
        "ratio_of_means": "ipllvm.metrics.totals:ratio_of_means",
        "ratio_of_read": "ipllvm.metrics.totals:ratio_of_read",
        "mme_points": "ipllvm.metrics.totals:mme_points",
    },
)
JUDGES = Registry("judge", {}, "ipllvm.judges")
"""Judges by name, beside language models and endpoints: each is called without arguments for a `Judge`."""
