"""How much is measured unless --samples and --draws say otherwise, as data.

`quick` fits the whole suite on a laptop into minutes; `paper` has the paper's samples, draws and K;
`audit` is everything, the multiple-choice renderings too.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Size:
    """Samples of a benchmark (None: all) and draws of a random perturbation.

    `curve` is on how many of the samples, at most, what a claim is not about is drawn (None: all): a curve
    beside it, of many trials a sample.
    """

    samples: int | None
    draws: int
    curve: int | None = None


OWN: Final = ("easyvqa", "scenes", "charts")
TEXT_ONLY: Final = ("word_problems", "gsm8k")
"""Benchmarks without pictures: only properties that name them are measured on them."""
TABLE_1: Final = (
    *("mmvp", "qbench", "mme", "mmstar", "mmvet"),
    *("llavaw", "mathvista", "scienceqa", "chartqa", "ai2d"),
)
TABLE_3: Final = ("caltech101", "cifar100", "food101", "pets", "country211", "eurosat", "aircraft")
PUBLISHED: Final = {
    "image_use": TABLE_1,
    "permutation_invariance": TABLE_1,
    "patch_information": ("mmstar", "mme"),
    "patch_shuffle": ("mmvp", "mmvet", "mathvista", "ai2d"),
    "synthetic_images": ("mmvp", "mathvista"),
    "text_only_math": ("gsm8k",),
    "occlusion": ("ai2d",),
    "classification_retention": TABLE_3,
    "alignment": ("docci",),
    "layer_importance": ("mmstar",),
    "modality_importance": ("mmstar",),
    "visual_token_importance": ("mmvet",),
}
"""What the paper measures each property on; for Fig. 9 right it names no data, MMStar is that of its left."""
CLASSES: Final = ("objects",)
"""What models that only name classes are measured on."""
PUBLISHED_CLASSES: Final[dict[str, tuple[str, ...]]] = {"occlusion": ("imagenet",)}
"""What the paper measures a property of such models on."""
BENCHMARKS: Final = {"quick": OWN, "paper": OWN, "audit": (*OWN, *(f"{name}-mc" for name in OWN))}
DEFAULT: Final = {"quick": Size(200, 5), "paper": Size(None, 5), "audit": Size(None, 5)}
IMPORTANCE: Final = ("layer_importance", "modality_importance", "visual_token_importance")
BEYOND: Final = (
    *("prompt_wording", "distracting_caption", "other_picture", "second_picture"),
    *("hallucination", "resolution", "orientation", "degradation"),
)
"""Properties that are none of the paper's."""
SIZES: Final = {
    "quick": {
        **dict.fromkeys(("image_use", "text_only_math"), Size(60, 1)),
        "permutation_invariance": Size(300, 1),
        "patch_shuffle": Size(60, 1),
        "patch_information": Size(400, 1),
        "classification_retention": Size(100, 1),
        "occlusion": Size(120, 1, curve=20),
        "option_order": Size(240, 1),
        "alignment": Size(None, 1),
        "layer_importance": Size(64, 1),
        "modality_importance": Size(32, 1),
        "visual_token_importance": Size(20, 1),
        **dict.fromkeys(BEYOND, Size(60, 1)),
    },
    "paper": {name: Size(None, 10) for name in IMPORTANCE},
    "audit": {name: Size(None, 10) for name in IMPORTANCE},
}
PROFILES: Final = tuple(DEFAULT)


def size(profile: str, property_name: str) -> Size:
    """What a profile gives to a property.

    >>> size("quick", "permutation_invariance").samples, size("paper", "layer_importance").draws
    (300, 10)
    """
    return SIZES[profile].get(property_name, DEFAULT[profile])
