"""The embedded checkpoints, each named once: what it is, and the encoder that it was built on.

Imports nothing heavy: names are needed while tests are collected.
"""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["language model", "vision-language model", "classifier", "encoder"]


@dataclass(frozen=True, slots=True)
class EmbeddedModel:
    """A checkpoint in fixtures/checkpoints; `encoder` is another one, which a vision-language model names."""

    name: str
    kind: Kind
    encoder: str | None = None


EMBEDDED_MODELS: Final = (
    EmbeddedModel("lm-tiny", "language model"),
    EmbeddedModel("lm-tiny-b", "language model"),
    EmbeddedModel("llava-tiny", "vision-language model", "clip-tiny"),
    EmbeddedModel("llava-next-tiny", "vision-language model", "clip-tiny"),
    EmbeddedModel("llava-ov-tiny", "vision-language model", "clip-tiny"),
    EmbeddedModel("vit-tiny", "classifier"),
    EmbeddedModel("resnet-tiny", "classifier"),
    EmbeddedModel("clip-tiny", "encoder"),
)
"""In the order in which they are listed."""
BUILT_ON: Final = {each.name: each.encoder for each in EMBEDDED_MODELS if each.encoder}
"""The encoder of each vision-language model."""


def named(*kinds: Kind) -> tuple[str, ...]:
    """The names of the checkpoints of these kinds.

    >>> named("encoder"), named("classifier", "encoder")
    (('clip-tiny',), ('vit-tiny', 'resnet-tiny', 'clip-tiny'))
    """
    return tuple(each.name for each in EMBEDDED_MODELS if each.kind in kinds)
