"""Mutants: a LLaVA checkpoint damaged in known ways, which a gate must catch, and changed in harmless ones.

Each is a function that changes the parts of a checkpoint in place: weights by their names in the hub's
format, config, processor, chat template, and into how many files the weights are split.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

LANGUAGE, TOWER = "language_model.model.", "vision_tower.vision_model."
PROJECTOR = "multi_modal_projector."
EMBEDDINGS = f"{LANGUAGE}embed_tokens.weight"
POSITIONS = f"{TOWER}embeddings.position_embedding.weight"


@dataclass
class CheckpointPieces:
    """A checkpoint taken apart; `rng` is for what is random."""

    weights: dict[str, Tensor]
    config: dict[str, Any]
    processor: dict[str, Any]
    template: str
    rng: torch.Generator
    shards: int = 1

    def named(self, pattern: str) -> Iterator[str]:
        """The weights whose whole name matches."""
        yield from [name for name in self.weights if re.fullmatch(pattern, name)]

    def noise(self, name: str, share: float) -> None:
        """Add noise of a share of the weight's own spread."""
        weight = self.weights[name].float()
        drawn = torch.randn(weight.shape, generator=self.rng)
        self.weights[name] = (weight + share * weight.std() * drawn).to(self.weights[name].dtype)

    @property
    def heads(self) -> int:
        """Attention heads of a decoder layer."""
        return int(self.config["text_config"]["num_attention_heads"])

    @property
    def layers(self) -> int:
        """Decoder layers."""
        return int(self.config["text_config"]["num_hidden_layers"])


Mutant = Callable[[CheckpointPieces], None]


def projector_noise(parts: CheckpointPieces) -> None:
    """Noise as large as the weights on the projector's second layer."""
    parts.noise(f"{PROJECTOR}linear_2.weight", 1.0)


def projector_bias_lost(parts: CheckpointPieces) -> None:
    """Both biases of the projector are 0, as where a loader skips them."""
    for name in parts.named(rf"{PROJECTOR}linear_\d\.bias"):
        parts.weights[name].zero_()


def layer_dropped(parts: CheckpointPieces) -> None:
    """The decoder lacks one of its middle layers."""
    gone = parts.layers // 2
    kept: dict[str, Tensor] = {}
    for name, weight in parts.weights.items():
        layer = re.match(rf"{re.escape(LANGUAGE)}layers\.(\d+)\.", name)
        number = int(layer[1]) if layer else -1
        if number > gone:
            name = name.replace(f"layers.{number}.", f"layers.{number - 1}.", 1)
        if number != gone:
            kept[name] = weight
    parts.weights = kept
    parts.config["text_config"]["num_hidden_layers"] -= 1


def layers_swapped(parts: CheckpointPieces) -> None:
    """The second and the last but one decoder layer stand in each other's place."""
    first, second = (f"{LANGUAGE}layers.{layer}." for layer in (1, parts.layers - 2))
    for name in parts.named(rf"{re.escape(first)}.*"):
        other = name.replace(first, second, 1)
        parts.weights[name], parts.weights[other] = parts.weights[other], parts.weights[name]


def four_bits(parts: CheckpointPieces) -> None:
    """Every matrix of the decoder rounded to 15 values over its whole range, a naive quantisation."""
    _rounded(parts, 4)


def three_bits(parts: CheckpointPieces) -> None:
    """The same with 7 values."""
    _rounded(parts, 3)


def two_bits(parts: CheckpointPieces) -> None:
    """The same with 3 values."""
    _rounded(parts, 2)


def _rounded(parts: CheckpointPieces, bits: int) -> None:
    for name in parts.named(rf"{re.escape(LANGUAGE)}layers\..*_proj\.weight"):
        weight = parts.weights[name].float()
        step = weight.abs().max() / (2 ** (bits - 1) - 1)
        parts.weights[name] = ((weight / step).round() * step).to(parts.weights[name].dtype)


def positions_shuffled(parts: CheckpointPieces) -> None:
    """The tower's position embeddings of the patches in a random order."""
    table = parts.weights[POSITIONS]
    order = 1 + torch.randperm(len(table) - 1, generator=parts.rng)
    parts.weights[POSITIONS] = torch.cat([table[:1], table[order]])


def positions_lost(parts: CheckpointPieces) -> None:
    """The tower's position embeddings are 0."""
    parts.weights[POSITIONS].zero_()


def positions_loud(parts: CheckpointPieces) -> None:
    """They are ten times as large, as where a scale is lost."""
    parts.weights[POSITIONS] *= 10


def tower_reset(parts: CheckpointPieces) -> None:
    """The tower's matrices drawn anew, as where its weights were not found."""
    for name in parts.named(rf"{re.escape(TOWER)}.*_proj\.weight|{re.escape(TOWER)}.*fc\d\.weight"):
        weight = parts.weights[name]
        drawn = weight.float().std() * torch.randn(weight.shape, generator=parts.rng)
        parts.weights[name] = drawn.to(weight.dtype)


def other_feature_layer(parts: CheckpointPieces) -> None:
    """Visual tokens from the tower's first layer in place of its last but one."""
    parts.config["vision_feature_layer"] = 1


def wrong_normalisation(parts: CheckpointPieces) -> None:
    """Pixels go in as they are: mean 0 and deviation 1 in the processor."""
    parts.processor["image_processor"] |= {"image_mean": [0.0] * 3, "image_std": [1.0] * 3}


def picture_cropped(parts: CheckpointPieces) -> None:
    """The processor enlarges pictures by a half before it crops: their edges are lost."""
    images = parts.processor["image_processor"]
    images["size"] = {"shortest_edge": images["crop_size"]["height"] * 3 // 2}


def colours_swapped(parts: CheckpointPieces) -> None:
    """The tower takes red for blue."""
    name = f"{TOWER}embeddings.patch_embedding.weight"
    parts.weights[name] = parts.weights[name].flip(1).contiguous()


def embeddings_swapped(parts: CheckpointPieces) -> None:
    """A quarter of the rows of the embedding table in each other's place, as after a wrong merge."""
    table = parts.weights[EMBEDDINGS]
    rows = 8 + torch.randperm(len(table) - 8, generator=parts.rng)[: len(table) // 4]
    table[rows] = table[rows.roll(1)]


def heads_zeroed(parts: CheckpointPieces) -> None:
    """Half of the attention heads of every other decoder layer say nothing."""
    for layer in range(0, parts.layers, 2):
        weight = parts.weights[f"{LANGUAGE}layers.{layer}.self_attn.o_proj.weight"]
        weight[:, : weight.shape[1] // 2] = 0


def head_noise(parts: CheckpointPieces) -> None:
    """An output head of its own, which is the embedding table with as much noise again."""
    parts.weights["language_model.lm_head.weight"] = parts.weights[EMBEDDINGS].clone()
    parts.noise("language_model.lm_head.weight", 1.0)
    parts.config["tie_word_embeddings"] = parts.config["text_config"]["tie_word_embeddings"] = False


def norm_scaled(parts: CheckpointPieces) -> None:
    """The final norm's first half is weighed twice as much."""
    weight = parts.weights[f"{LANGUAGE}norm.weight"]
    weight[: len(weight) // 2] *= 2


def norms_reset(parts: CheckpointPieces) -> None:
    """Every norm of the decoder weighs 1, as where its weights were not found."""
    for name in parts.named(rf"{re.escape(LANGUAGE)}.*norm\.weight"):
        parts.weights[name].fill_(1)


def rope_base(parts: CheckpointPieces) -> None:
    """Positions of the decoder rotate with another base, as with a wrong config."""
    parts.config["text_config"]["rope_parameters"]["rope_theta"] /= 100


def norm_epsilon(parts: CheckpointPieces) -> None:
    """The decoder's norms divide by too much: epsilon 1 in place of a millionth."""
    parts.config["text_config"]["rms_norm_eps"] = 1.0


def other_activation(parts: CheckpointPieces) -> None:
    """The decoder's activation is relu in place of silu."""
    parts.config["text_config"]["hidden_act"] = "relu"


def activation_lost(parts: CheckpointPieces) -> None:
    """The decoder's activation is none at all: its MLPs' gates are linear."""
    parts.config["text_config"]["hidden_act"] = "linear"


def projector_straight(parts: CheckpointPieces) -> None:
    """The projector's activation is none at all."""
    parts.config["projector_hidden_act"] = "linear"


def template_changed(parts: CheckpointPieces) -> None:
    """The chat template has another name for who asks."""
    parts.template = parts.template.replace("message['role'].upper()", "'Q'")


def saved_again(parts: CheckpointPieces) -> None:
    """Nothing is changed; the files are written anew."""


def split(parts: CheckpointPieces) -> None:
    """The weights in two files and an index."""
    parts.shards = 2


def hidden_units_permuted(parts: CheckpointPieces) -> None:
    """The hidden units of every MLP, of projector and decoder, in another order."""
    for name in parts.named(r".*mlp\.down_proj\.weight|multi_modal_projector\.linear_2\.weight"):
        order = torch.randperm(parts.weights[name].shape[1], generator=parts.rng)
        parts.weights[name] = parts.weights[name][:, order].contiguous()
        base = name.replace("down_proj.weight", "").replace("linear_2.weight", "")
        for into in parts.named(rf"{re.escape(base)}(gate_proj|up_proj|linear_1)\.(weight|bias)"):
            parts.weights[into] = parts.weights[into][order].contiguous()


def heads_permuted(parts: CheckpointPieces) -> None:
    """The attention heads of every decoder layer in another order."""
    for layer in range(parts.layers):
        base = f"{LANGUAGE}layers.{layer}.self_attn."
        width = parts.weights[f"{base}o_proj.weight"].shape[1]
        places = torch.arange(width).reshape(parts.heads, -1)
        order = places[torch.randperm(parts.heads, generator=parts.rng)].ravel()
        for name in ("q_proj", "k_proj", "v_proj"):
            parts.weights[f"{base}{name}.weight"] = parts.weights[f"{base}{name}.weight"][order].contiguous()
        parts.weights[f"{base}o_proj.weight"] = parts.weights[f"{base}o_proj.weight"][:, order].contiguous()


def wider_float(parts: CheckpointPieces) -> None:
    """The same values saved in 32 bits."""
    parts.weights = {name: weight.float() for name, weight in parts.weights.items()}
    parts.config["dtype"] = "float32"


def bfloat16(parts: CheckpointPieces) -> None:
    """The weights rounded to bfloat16."""
    parts.weights = {name: weight.bfloat16() for name, weight in parts.weights.items()}
    parts.config["dtype"] = "bfloat16"


HARMFUL: tuple[Mutant, ...] = (
    projector_noise, projector_bias_lost, layer_dropped, layers_swapped, four_bits, positions_shuffled,
    tower_reset, other_feature_layer, wrong_normalisation, picture_cropped, colours_swapped,
    embeddings_swapped, heads_zeroed, head_noise, norm_scaled, rope_base, norm_epsilon, other_activation,
    three_bits, two_bits, positions_lost, positions_loud, norms_reset, activation_lost, projector_straight,
    template_changed,
)  # fmt: skip
HARMLESS: tuple[Mutant, ...] = (
    saved_again, split, hidden_units_permuted, heads_permuted, wider_float, bfloat16,
)  # fmt: skip
BY_NAME = {mutant.__name__: mutant for mutant in (*HARMFUL, *HARMLESS)}
