"""The embedded checkpoints as data: shapes, data mixes, steps. Changing a figure here and running
`python -m ipllvm.zoo train NAME` is all it takes to make another model.
"""

from dataclasses import dataclass, field, replace
from typing import Any

IMAGE_SIZE, PATCH = 112, 14
VISUAL_TOKENS = (IMAGE_SIZE // PATCH) ** 2
PINPOINTS = [[IMAGE_SIZE, IMAGE_SIZE], [IMAGE_SIZE, 2 * IMAGE_SIZE], [2 * IMAGE_SIZE, IMAGE_SIZE]]
"""Heights and widths that the anyres families cut into tiles."""

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
SMALL_DECODER: dict[str, Any] = {
    "hidden_size": 96,
    "intermediate_size": 256,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
}
VIT: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 192,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "image_size": IMAGE_SIZE,
    "patch_size": PATCH,
}
RESNET: dict[str, Any] = {
    "embedding_size": 16,
    "hidden_sizes": [16, 32, 64, 96],
    "depths": [1, 1, 1, 1],
    "layer_type": "basic",
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
    rephrased: float = 0.0  # share of the questions in other words than the benchmarks' (wordings.py)
    anchor: float = 0.0  # share of the loss that holds the decoder, which then learns alone, to what the
    # weights before the phase say to the benchmarks' words (anchoring.py)
    problems: int = 0  # word problems without a picture beside each batch of pictures
    imitate: bool = False  # learn the projected patches of the model that this one starts from
    shuffled: bool = False  # the visual tokens of each picture in an order of their own
    dropped: float = 0.0  # up to this share of the picture's patches in black
    oblong: float = 0.0  # share of the steps whose pictures are wide or tall
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
    shape: dict[str, Any] = field(default_factory=dict)
    """Where the shape differs from that of the kind's first recipe."""
    note: str = ""
    """What was done to the weights behind the phases, as its card says it."""


CONTRAST_MIX = {"scenes": 4.0, "charts": 3.0, "objects": 2.0, "easyvqa": 1.0}
NAMING_MIX = {"scenes": 3.0, "charts": 2.0, "objects": 4.0, "easyvqa": 1.5}
QUESTION_MIX = {"scenes": 5.0, "charts": 4.0, "objects": 0.5, "easyvqa": 1.0}
READING_MIX = {"scenes": 5.0, "charts": 4.0, "objects": 1.5, "easyvqa": 0.5}
POLISH_MIX = {"scenes": 6.0, "charts": 3.0, "objects": 0.5, "easyvqa": 1.5}
TILES_MIX = {"scenes": 7.0, "charts": 2.0, "objects": 0.3, "easyvqa": 0.7}
WORDED_MIX = {"scenes": 7.0, "charts": 3.0, "objects": 0.2, "easyvqa": 0.8}
ANCHORED_MIX = {"scenes": 5.0, "charts": 4.0, "objects": 0.2, "easyvqa": 1.2}
COLOR_MIX = {"scenes": 8.0, "charts": 2.5, "objects": 0.2, "easyvqa": 0.3}
WORDED = Phase(
    "wordings", 554, 24, 3e-4, ANCHORED_MIX,
    questions=3, captions=0.1, lettered=0.35, rephrased=1.0, problems=8, oblong=0.4,
    warmup=20, cooldown=1.0, anchor=0.5, muon=True,
)  # fmt: skip
"""The last phase of llava-ov-tiny: two minutes on a lent H200, in float32 and uncompiled."""

AVERAGED = """The first command above trains the phase in the table, which gives S. These weights are a mean
(of the decoder; tower and projector are those of S): 0.2 S + 0.4 M + 0.4 H. M is a mean of S and two phases
trained on wordings from S (batch 24; 600 steps at a peak rate of 0.0003 and 615 at 0.0006, in equal parts),
which have weight 1 in attention, a half in the MLPs, three quarters elsewhere. H is 120 steps (batch 12, rate
0.0003) from a mean with less of these phases (0.8, 0.4, 0.75 in the embeddings, 0.6 elsewhere), trained only
on the divergence from S's answers to the benchmarks' wording."""
"""Of llava-next-tiny: what no phase does by itself (Wortsman et al., 2022)."""

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "clip-tiny",
            "clip",
            (Phase("contrast", 900, 96, 1e-3, CONTRAST_MIX, warmup=100),),
        ),
        Recipe("lm-tiny", "language", (Phase("text", 450, 64, 2e-3, {}, warmup=50),), shape=DECODER),
        Recipe(
            "lm-tiny-b",
            "language",
            (Phase("text", 900, 64, 3e-3, {}, warmup=50, cooldown=0.5),),
            seed=1,
            parts={"tokenizer": "lm-tiny"},
            shape=DECODER | SMALL_DECODER,
        ),
        Recipe(
            "vit-tiny",
            "vit",
            (Phase("classes", 2400, 64, 1e-3, {"objects": 1.0}, cooldown=0.6, warmup=100, muon=True),),
            shape=VIT,
        ),
        Recipe(
            "resnet-tiny",
            "resnet",
            (Phase("classes", 1500, 64, 2e-3, {"objects": 1.0}, cooldown=0.6, warmup=100),),
            shape=RESNET,
        ),
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
                Phase(
                    "arithmetic", 500, 32, 4e-4, COLOR_MIX,
                    questions=6, captions=0.1, problems=16, warmup=50, cooldown=0.8, muon=True,
                ),
                Phase(
                    "wordings", 400, 32, 4e-4, WORDED_MIX,
                    questions=6, captions=0.1, lettered=0.35, rephrased=0.5, problems=12,
                    warmup=30, cooldown=0.8, muon=True,
                ),
                Phase(
                    "rewording", 300, 32, 3e-4, WORDED_MIX | {"charts": 4.0},
                    questions=6, captions=0.1, lettered=0.4, rephrased=0.4, problems=12,
                    warmup=30, cooldown=1.0, muon=True,
                ),
            ),
            parts={"tower": "clip-tiny", "language": "lm-tiny"},
        ),
        Recipe(
            "llava-next-tiny",
            "llava_next",
            (
                Phase(
                    "tiles", 2200, 24, 6e-4, TILES_MIX,
                    questions=6, captions=0.15, problems=8, oblong=0.5, warmup=50, cooldown=0.7, muon=True,
                ),
            ),
            parts={"model": "llava-tiny"},
            shape={"layers": (0, 1, 2)},
            note=AVERAGED,
        ),
        Recipe(
            "llava-ov-tiny",
            "llava_onevision",
            (
                Phase("tower", 600, 32, 1e-3, TILES_MIX, warmup=50, cooldown=0.5, muon=True, imitate=True),
                Phase(
                    "tiles", 1700, 24, 6e-4, TILES_MIX,
                    questions=6, captions=0.15, problems=8, oblong=0.5, warmup=50, cooldown=0.7, muon=True,
                ),
                Phase(
                    "settling", 240, 24, 4e-4, TILES_MIX,
                    questions=6, captions=0.15, problems=8, oblong=0.5, warmup=20, cooldown=0.9, muon=True,
                ),
                WORDED,
            ),
            parts={"model": "llava-tiny"},
            shape={"layers": (0, 1, 2), "aspect": "anyres_max_1"},
        ),
    )
}  # fmt: skip


def _sister(name: str, shape: dict[str, Any] | None = None, **differs: Any) -> Recipe:
    """llava-tiny trained on for one more phase that differs from its own in one thing."""
    longer = Phase(
        name, 300, 32, 4e-4, COLOR_MIX, questions=6, captions=0.1, warmup=50, cooldown=0.8, muon=True
    )
    parts = {"model": "llava-tiny"}
    return Recipe(
        f"llava-tiny-{name}", "llava", (replace(longer, **differs),), parts=parts, shape=shape or {}
    )


SISTERS: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        _sister("longer"),
        _sister("shuffled", shuffled=True),
        _sister("dropped", dropped=0.8),
        _sister("unplaced", {"positions": False}),
    )
}
"""Not shipped: they show that the properties tell one training from another (reports/sisters.md)."""
