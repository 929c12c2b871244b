"""Processors as shipped with a checkpoint, also where torchvision is not installed."""

import inspect
from pathlib import Path
from typing import Any

from transformers import AutoImageProcessor, AutoProcessor, AutoTokenizer
from transformers.models.llava_onevision.processing_llava_onevision import LlavaOnevisionProcessor
from transformers.utils.import_utils import is_torchvision_available

from ipllvm.errors import ModelUnavailable


class StillImageProcessor(LlavaOnevisionProcessor):
    """OneVision's processor for pictures only: its video part can't be made without torchvision."""

    def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
        """The class of an argument; a missing video processor is accepted."""
        if argument_name == "video_processor" and argument is None:
            return type(None)
        return super().check_argument_for_proper_class(argument_name, argument)  # type: ignore[no-untyped-call]


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
