"""Processors as shipped with a checkpoint, also where torchvision is not installed."""

import inspect
from pathlib import Path
from typing import Any

import transformers
from transformers import AutoImageProcessor, AutoProcessor, AutoTokenizer, ProcessorMixin
from transformers.models.auto import processing_auto
from transformers.utils.import_utils import is_torchvision_available

from ipllvm.errors import ModelUnavailable
from ipllvm.models.checkpoint import read_json


def load(folder: Path, family: str) -> Any:
    """The processor in `folder`, with a chat template; raises ModelUnavailable in one line."""
    try:
        processor = _load(folder, family)
    except Exception as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelUnavailable(f"{folder}: its processor can't be loaded: {reason}") from error
    if not processor.chat_template:
        raise ModelUnavailable(f"{folder}: no chat template (chat_template.jinja, or a chat_template key)")
    return processor


def backend(processor: Any) -> str:
    """What processes the pictures: pil, torchvision, or the name of a class that says neither."""
    images = getattr(processor, "image_processor", processor)
    return str(getattr(images, "backend", type(images).__name__))


def _load(folder: Path, family: str) -> Any:
    auto: Any = AutoProcessor
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


def _still(folder: Path, own: Any) -> Any:
    """The same settings as AutoProcessor would read, without the parts for videos and sound."""

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
    make: Any = StillImageProcessor
    return make(**{k: v for k, v in settings.items() if k in known and k != "kwargs"} | parts)
