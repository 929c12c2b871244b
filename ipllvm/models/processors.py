"""Processors as shipped with a checkpoint, also where torchvision is not installed."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor
from transformers import AutoImageProcessor, AutoProcessor, AutoTokenizer
from transformers.models.llava_onevision.processing_llava_onevision import LlavaOnevisionProcessor
from transformers.utils.import_utils import is_torchvision_available

from ipllvm.errors import ModelUnavailable, first_line

PROBE = "How many birds are there?"


class StillImageProcessor(LlavaOnevisionProcessor):
    """OneVision's processor for pictures only: its video part can't be made without torchvision."""

    def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
        """The class of an argument; a missing video processor is accepted."""
        if argument_name == "video_processor" and argument is None:
            return type(None)
        return super().check_argument_for_proper_class(argument_name, argument)  # type: ignore[no-untyped-call]


def load(folder: Path, family: str) -> Any:
    """The processor in `folder`, with a chat template; raises ModelUnavailable in one line.

    A template that stands only in tokenizer_config.json, as older releases saved it, is the processor's too.
    """
    try:
        processor = _load(folder, family)
    except Exception as error:
        raise ModelUnavailable(f"{folder}: its processor can't be loaded: {first_line(error)}") from error
    if not processor.chat_template:
        processor.chat_template = getattr(processor.tokenizer, "chat_template", None)
    if not processor.chat_template:
        raise ModelUnavailable(f"{folder}: no chat template (chat_template.jinja, or a chat_template key)")
    return processor


def require_usable(processor: Any, folder: Path, config: Mapping[str, Any]) -> None:
    """Ask about a grey picture; raises ModelUnavailable where template, processor and config don't fit.

    What can be told without weights is told before they are read.
    """
    if getattr(processor, "patch_size", 0) is None:
        raise ModelUnavailable(
            f"{folder}: processor_config.json names no patch_size, which tells how many tokens a picture "
            "takes: copy it from vision_config in config.json"
        )
    ids = _tokens(processor, _text(processor, folder), folder)
    wanted = config.get("image_token_id", config.get("image_token_index"))
    if isinstance(wanted, int) and not bool((ids == wanted).any()):
        raise ModelUnavailable(
            f"{folder}: no token of a prompt with a picture is the image token of config.json ({wanted}): "
            "chat template, tokenizer and config.json must name the same"
        )
    words = config.get("text_config")
    rows = (words if isinstance(words, dict) else config).get("vocab_size")
    if isinstance(rows, int) and int(ids.max()) >= rows:
        token = processor.tokenizer.convert_ids_to_tokens(int(ids.max()))
        raise ModelUnavailable(
            f"{folder}: a prompt holds {token!r}, token {int(ids.max()):,}, and the model embeds {rows:,}: "
            "resize its embeddings (resize_token_embeddings) after adding tokens"
        )


def _text(processor: Any, folder: Path) -> str:
    """The chat template filled with a picture and a question; raises ModelUnavailable."""
    content = [{"type": "image"}, {"type": "text", "text": PROBE}]
    turns = [{"role": "user", "content": content}]
    try:
        text = str(processor.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))
    except Exception as error:
        raise ModelUnavailable(
            f"{folder}: its chat template can't be filled with a picture and a question: {first_line(error)}"
        ) from error
    if PROBE not in text or str(getattr(processor, "image_token", "")) not in text:
        raise ModelUnavailable(
            f"{folder}: its chat template has no place for a picture and a question ({text[:60]!r}): it is "
            "one for text alone"
        )
    return text


def _tokens(processor: Any, text: str, folder: Path) -> Tensor:
    """The tokens of that text with a grey picture; raises ModelUnavailable."""
    try:
        fields = processor(images=[Image.new("RGB", (96, 64), "grey")], text=text, return_tensors="pt")
    except Exception as error:
        raise ModelUnavailable(
            f"{folder}: its processor can't take a picture with a question: {first_line(error)}"
        ) from error
    ids: Tensor = fields["input_ids"][0]
    return ids


def backend(processor: Any) -> str:
    """What processes the pictures: pil, torchvision, or the name of a class that says neither."""
    images = getattr(processor, "image_processor", processor)
    return str(getattr(images, "backend", type(images).__name__))


def _load(folder: Path, family: str) -> Any:
    if family == "llava_onevision" and not is_torchvision_available():
        return _still(folder)
    auto: Any = AutoProcessor
    return auto.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def _still(folder: Path) -> Any:
    """The same settings as AutoProcessor would read, without the video part."""
    auto: Any = AutoImageProcessor
    images = auto.from_pretrained(folder, local_files_only=True)
    words = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    settings, _ = LlavaOnevisionProcessor.get_processor_dict(folder, local_files_only=True)
    known = set(inspect.signature(LlavaOnevisionProcessor.__init__).parameters)
    known -= {"self", "kwargs", "image_processor", "tokenizer", "video_processor"}
    make: Any = StillImageProcessor
    return make(images, words, None, **{k: v for k, v in settings.items() if k in known})
