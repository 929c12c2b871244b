"""The models beside the one under test, as names and folders: the encoder it was built on, language models.

Imports neither torch nor transformers: who they are is known before their weights are read.
"""

from ipllvm.errors import ModelUnavailable
from ipllvm.models import sources
from ipllvm.models.checkpoint import Checkpoint, is_timms
from ipllvm.models.embedded import BUILT_ON
from ipllvm.models.json_files import read_json
from ipllvm.models.planted import naming
from ipllvm.models.planted.kinds import AlignmentLoss

WANTED = ("*.json", "*.txt", "*.model", "*.safetensors")
"""What is fetched of either."""
PICKLED = ("pytorch_model.bin",)
"""What is fetched of an encoder too: OpenAI's own has no other weights."""
TIMM = "timm_wrapper"
"""What transformers calls a checkpoint of timm, whose own config names no model type."""
ENCODER_TYPES = (
    *("clip", "siglip", "siglip2", "dinov2", "dinov2_with_registers", "vit", "deit", "resnet", TIMM),
)
CLIP_336 = "openai/clip-vit-large-patch14-336"
ENCODERS = {
    **BUILT_ON,
    "llava-hf/llava-1.5-7b-hf": CLIP_336,
    "llava-hf/llava-1.5-13b-hf": CLIP_336,
    "llava-hf/llava-v1.6-vicuna-7b-hf": CLIP_336,
    "llava-hf/llava-v1.6-vicuna-13b-hf": CLIP_336,
    "llava-hf/llava-v1.6-mistral-7b-hf": CLIP_336,
    "llava-hf/llava-v1.6-34b-hf": CLIP_336,
}
"""The encoder that a vision-language model was built on, by embedded name or hub id."""


def own_encoder(name: str) -> str | None:
    """The encoder that a model was built on, which of an encoder is itself; None where it is not known.

    >>> own_encoder("llava-next"), own_encoder("llava-tiny"), own_encoder("llava-ov")
    ('openai/clip-vit-large-patch14-336', 'clip-tiny', None)
    """
    if naming.is_planted(name):
        return name if isinstance(naming.law(name), AlignmentLoss) else None
    model = sources.hub_id(name) or name
    return model if model in (*sources.EMBEDDED_ENCODERS, CLIP_336) else ENCODERS.get(model)


def encoder(name: str, offline: bool = False) -> Checkpoint:
    """The folder of the encoder of that name; its family is its model type.

    Raises UnknownName and ModelUnavailable, in one line.
    """
    folder = sources.encoder(name, (*WANTED, *PICKLED), offline)
    config = read_json(folder / "config.json")
    kind = TIMM if is_timms(config) else str(config.get("model_type"))
    if kind not in ENCODER_TYPES:
        types = ", ".join(ENCODER_TYPES)
        raise ModelUnavailable(f"{folder}: no image encoder of type {types}, but of type {kind}")
    return Checkpoint.of(folder, kind, pickled=kind == "clip")


def language_model(name: str, offline: bool = False) -> Checkpoint:
    """The folder of the language model of that name; raises UnknownName and ModelUnavailable, in one line."""
    folder = sources.language_model(name, WANTED, offline)
    return Checkpoint.of(folder, str(read_json(folder / "config.json").get("model_type")))


def identity(label: str, found: Checkpoint) -> str:
    """What a report calls a part, and the digest of what is read of its folder."""
    return f"{label}@{found.fingerprint()[:12]}"
