"""Processors as shipped with a checkpoint, also where torchvision is not installed."""

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import transformers
from PIL import Image
from torch import Tensor
from transformers import AutoImageProcessor, AutoProcessor, AutoTokenizer, ProcessorMixin
from transformers.models.auto import processing_auto
from transformers.utils.import_utils import is_torchvision_available

from ipllvm.errors import FAULTS, ModelUnavailable, first_line
from ipllvm.models.chat_template import fill
from ipllvm.models.checkpoint import read_json, settings
from ipllvm.registry import FAMILIES

NEEDS_TORCHVISION = "it needs torchvision, of a build that fits this torch: pip install torchvision"
PROBE = "How many birds are there?"
MARKS = ("image_token", "boi_token")
"""What a processor may call the token that a template puts for a picture."""


def load(folder: Path, family: str, *, remote_code: bool = False) -> Any:
    """The processor in `folder`, with a chat template; raises ModelUnavailable in one line.

    It may run code of its own with `remote_code`.

    A template that stands only in tokenizer_config.json, as older releases saved it, is the processor's too.
    """
    try:
        processor = _load(folder, family, remote_code)
    except FAULTS as error:
        reason = NEEDS_TORCHVISION if "torchvision" in str(error).lower() else first_line(error)
        file = _damaged(folder)
        raise ModelUnavailable(f"{folder}: its processor can't be loaded: {file}{reason}") from error
    if not processor.chat_template:
        own = getattr(processor.tokenizer, "chat_template", None)
        usual = FAMILIES.load(family).TEMPLATE if family in FAMILIES else None
        processor.chat_template = own or usual
    if not processor.chat_template:
        raise ModelUnavailable(f"{folder}: no chat template (chat_template.jinja, or a chat_template key)")
    return processor


def _damaged(folder: Path) -> str:
    """The name of the first file of settings that is no JSON object, for a message; empty where all are."""
    for path in settings(folder):
        try:
            if path.suffix == ".json" and not isinstance(json.loads(path.read_bytes()), dict):
                return f"{path.name} is no JSON object: "
        except ValueError:
            return f"{path.name} is damaged: "
    return ""


def require_usable(processor: Any, folder: Path, config: Mapping[str, Any]) -> None:
    """Ask about a grey picture; raises ModelUnavailable where template, processor and config don't fit.

    What can be told without weights is told before they are read.
    """
    if getattr(processor, "patch_size", 0) is None:
        raise ModelUnavailable(
            f"{folder}: processor_config.json names no patch_size, which tells how many tokens a picture "
            "takes: copy it from vision_config in config.json"
        )
    ids = _tokens(processor, _text(processor, folder, _marked(config)), folder)
    wanted = config.get("image_token_id", config.get("image_token_index"))
    if isinstance(wanted, int) and not bool((ids == wanted).any()):
        raise ModelUnavailable(
            f"{folder}: no token of a prompt with a picture is the image token of config.json ({wanted}): "
            "chat template, tokenizer and config.json must name the same"
        )
    words = config.get("text_config")
    rows = (words if isinstance(words, dict) else config).get("vocab_size")
    if isinstance(rows, int) and int(ids.max()) >= rows + _further(config):
        token = processor.tokenizer.convert_ids_to_tokens(int(ids.max()))
        raise ModelUnavailable(
            f"{folder}: a prompt holds {token!r}, token {int(ids.max()):,}, and the model embeds {rows:,}: "
            "resize its embeddings (resize_token_embeddings) after adding tokens"
        )


def _further(config: Mapping[str, Any]) -> int:
    """How many tokens that family embeds beyond its vocabulary."""
    family = config.get("model_type")
    return int(getattr(FAMILIES.load(str(family)), "FURTHER", 0)) if family in FAMILIES else 0


def _marked(config: Mapping[str, Any]) -> bool:
    """Whether a prompt of that family has a mark where a picture stands."""
    family = config.get("model_type")
    return family not in FAMILIES or bool(getattr(FAMILIES.load(str(family)), "MARKED", True))


def _text(processor: Any, folder: Path, marked: bool) -> str:
    """The chat template filled with a picture and a question; raises ModelUnavailable."""
    content = [{"type": "image"}, {"type": "text", "text": PROBE}]
    turns = [{"role": "user", "content": content}]
    try:
        text = fill(processor, turns)
    except FAULTS as error:
        raise ModelUnavailable(
            f"{folder}: its chat template can't be filled with a picture and a question: {first_line(error)}"
        ) from error
    marks = {str(getattr(processor, name)) for name in MARKS if getattr(processor, name, None)} or {""}
    if missing := _without(text, marked and not any(mark in text for mark in marks)):
        raise ModelUnavailable(f"{folder}: its chat template {missing} ({text[:60]!r})")
    return text


def _without(text: str, unmarked: bool) -> str:
    """What a filled template has no place for, or does to the question; empty where it is as it should be."""
    if PROBE not in text and _letters(PROBE) in _letters(text):
        return "rewrites the question, so that a model is asked other words than a report shows"
    if unmarked:
        what = "picture and a question" if PROBE not in text else "picture"
        return f"has no place for a {what}: it is one for text alone"
    return "" if PROBE in text else "has no place for a question: it shows a picture alone"


def _letters(text: str) -> str:
    """Its letters and digits in lower case.

    >>> _letters("How MANY birds?")
    'howmanybirds'
    """
    return "".join(filter(str.isalnum, text.lower()))


def _tokens(processor: Any, text: str, folder: Path) -> Tensor:
    """The tokens of that text with a grey picture; raises ModelUnavailable."""
    try:
        fields = processor(images=[Image.new("RGB", (96, 64), "grey")], text=text, return_tensors="pt")
    except FAULTS as error:
        raise ModelUnavailable(
            f"{folder}: its processor can't take a picture with a question: {first_line(error)}"
        ) from error
    ids: Tensor = fields["input_ids"][0]
    return ids


def backend(processor: Any) -> str:
    """What processes the pictures: pil, torchvision, or the name of a class that says neither."""
    images = getattr(processor, "image_processor", processor)
    return str(getattr(images, "backend", type(images).__name__))


def _load(folder: Path, family: str, remote_code: bool) -> Any:
    auto: Any = AutoProcessor
    if remote_code:
        return auto.from_pretrained(folder, local_files_only=True, trust_remote_code=True)
    if not is_torchvision_available() and (own := _with_video(folder, family)) is not None:
        return _still(folder, own)
    return auto.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def _with_video(folder: Path, family: str) -> Any:
    """The class of the processor, where it has a part for videos, which can't be made without torchvision."""
    settings = (_settings(folder / name) for name in ("processor_config.json", "preprocessor_config.json"))
    told = next((found["processor_class"] for found in settings if "processor_class" in found), None)
    names: Any = processing_auto.PROCESSOR_MAPPING_NAMES  # type: ignore[attr-defined]
    own = getattr(transformers, told or names.get(family, ""), None)
    return own if own and "video_processor" in inspect.signature(own.__init__).parameters else None


def _settings(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def still(own: Any) -> Any:
    """A class like that of a processor, which can do without its parts for videos and sound."""

    class StillImageProcessor(own):  # type: ignore[misc]
        """A processor for pictures only."""

        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            """The class of an argument; a missing part is accepted."""
            if argument is None:
                return type(None)
            return super().check_argument_for_proper_class(argument_name, argument)

        def apply_chat_template(self, *args: Any, **named: Any) -> Any:
            """The template, which asks nothing of the missing parts."""
            return ProcessorMixin.apply_chat_template(self, *args, **named)

    return StillImageProcessor


def _still(folder: Path, own: Any) -> Any:
    """The same settings as AutoProcessor would read, without the parts for videos and sound."""
    auto: Any = AutoImageProcessor
    parts = {
        "image_processor": auto.from_pretrained(folder, local_files_only=True),
        "tokenizer": AutoTokenizer.from_pretrained(folder, local_files_only=True),
        "video_processor": None,
    }
    known = inspect.signature(own.__init__).parameters
    if "feature_extractor" in known:
        parts["feature_extractor"] = None
    settings, _ = own.get_processor_dict(folder, local_files_only=True)
    return still(own)(**{k: v for k, v in settings.items() if k in known and k != "kwargs"} | parts)
