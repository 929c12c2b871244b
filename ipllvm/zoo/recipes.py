"""The embedded checkpoints as data: shapes, data mixes, steps. Changing a figure here and running
`python -m ipllvm.zoo train NAME` is all it takes to make another model.
"""

from dataclasses import dataclass, field
from typing import Any

IMAGE_SIZE, PATCH = 112, 14
VISUAL_TOKENS = (IMAGE_SIZE // PATCH) ** 2

TOWER: dict[str, Any] = {
    "hidden_size": 160,
    "intermediate_size": 640,
    "num_hidden_layers": 5,
    "num_attention_heads": 5,
    "image_size": IMAGE_SIZE,
    "patch_size": PATCH,
    "projection_dim": 128,
    "hidden_act": "gelu",
}
TEXT_TOWER: dict[str, Any] = {
    "hidden_size": 128,
    "intermediate_size": 512,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 77,
    "projection_dim": 128,
    "hidden_act": "gelu",
}
DECODER: dict[str, Any] = {
    "hidden_size": 192,
    "intermediate_size": 512,
    "num_hidden_layers": 6,
    "num_attention_heads": 6,
    "num_key_value_heads": 6,
    "max_position_embeddings": 1024,
    "tie_word_embeddings": True,
    "hidden_act": "silu",
}


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of training: what is asked of the model, on which pictures, how long."""

    name: str
    steps: int
    batch: int
    rate: float
    mix: dict[str, float]
    questions: int = 0
    captions: float = 1.0
    tower: float = 1.0  # the vision tower's rate as a share of `rate`: a high one wipes out what
    # contrast has taught it (colours first)
    lettered: float = 0.25
    cooldown: float = 0.2
    warmup: int = 200
    muon: bool = False  # hidden matrices by Muon: in a trial of 200 steps from the same weights the
    # loss fell by 0.012 where AdamW's fell by 0.001, for 11 % more time


@dataclass(frozen=True, slots=True)
class Recipe:
    """A checkpoint: its kind, its parts (other checkpoints), its phases."""

    name: str
    kind: str
    phases: tuple[Phase, ...]
    seed: int = 0
    parts: dict[str, str] = field(default_factory=dict)


CONTRAST_MIX = {"scenes": 4.0, "charts": 3.0, "objects": 2.0, "easyvqa": 1.0}
NAMING_MIX = {"scenes": 3.0, "charts": 2.0, "objects": 4.0, "easyvqa": 1.5}
QUESTION_MIX = {"scenes": 5.0, "charts": 4.0, "objects": 0.5, "easyvqa": 1.0}
READING_MIX = {"scenes": 5.0, "charts": 4.0, "objects": 1.5, "easyvqa": 0.5}
POLISH_MIX = {"scenes": 6.0, "charts": 3.0, "objects": 0.5, "easyvqa": 1.5}
COLOR_MIX = {"scenes": 8.0, "charts": 2.5, "objects": 0.2, "easyvqa": 0.3}

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "clip-tiny",
            "clip",
            (Phase("contrast", 900, 96, 1e-3, CONTRAST_MIX, warmup=100),),
        ),
        Recipe("lm-tiny", "language", (Phase("text", 450, 64, 2e-3, {}, warmup=50),)),
        Recipe(
            "llava-tiny",
            "llava",
            (
                Phase("captions", 931, 24, 6e-4, NAMING_MIX, questions=1, cooldown=0.0, tower=0.2),
                Phase(
                    "questions", 1707, 20, 6e-4, QUESTION_MIX,
                    questions=4, captions=0.25, cooldown=0.0, tower=0.2,
                ),
                Phase("reading", 1465, 20, 3e-4, READING_MIX, questions=4, captions=0.6, cooldown=0.6),
                Phase(
                    "settling", 620, 20, 2.5e-4, QUESTION_MIX,
                    questions=4, captions=0.3, warmup=30, cooldown=0.7,
                ),
                Phase(
                    "binding", 2000, 32, 6e-4, READING_MIX,
                    questions=4, captions=0.5, warmup=50, cooldown=0.0, muon=True,
                ),
                Phase(
                    "polish", 2300, 32, 6e-4, POLISH_MIX,
                    questions=5, captions=0.25, lettered=0.35, warmup=50, cooldown=0.9, muon=True,
                ),
                Phase(
                    "colors", 2800, 32, 6e-4, COLOR_MIX,
                    questions=6, captions=0.1, warmup=50, cooldown=0.6, muon=True,
                ),
            ),
            parts={"tower": "clip-tiny", "language": "lm-tiny"},
        ),
    )
}  # fmt: skip
