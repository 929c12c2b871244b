"""Models of a true shape with random weights, made where they run: no checkpoint, no download.

Answers mean nothing, and how many drafts are accepted belongs to the weights: only the long answers, whose
drafts are made up, compare with a real one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, cast

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from torch import Tensor
from transformers import AutoModelForImageTextToText, PreTrainedTokenizerFast

from ipllvm.errors import UnknownName
from ipllvm.models.adapting import adapted
from ipllvm.models.allocation import keep_freed
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.models.processors import still
from ipllvm.models.prompting import CHECKPOINT
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.records import Benchmark
from ipllvm.speed.shapes import IMAGE, MERGED, SHAPES, TOKENS, VIDEO, Shape, pinpoints

SPECIALS: Final = ("<s>", "</s>", "<pad>", "<image>", "<video>", "<begin>", "<end>")
TEMPLATE: Final = (
    "<s>{% for m in messages %}USER: {% for part in m['content'] %}{% if part['type'] == 'image' %}MARK\n"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %} ASSISTANT:{% endfor %}"
)
MARKS: Final = {"qwen2_vl": "<begin><image><end>"}
"""What stands for a picture in a prompt, where that is not its token alone."""
LOUD: Final = 4096.0
"""How much louder a word gets than what layers add: a power of two, so that it is taken back exactly."""


def make(name: str, device: torch.device, dtype: torch.dtype) -> TransformersModel:
    """The model of that shape, its weights drawn on the device; raises UnknownName."""
    if name not in SHAPES:
        raise UnknownName("synthetic model", name, SHAPES)
    shape = SHAPES[name]
    auto: Any = AutoModelForImageTextToText
    keep_freed(device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        with torch.device(device):
            model = auto.from_config(shape.config(), dtype=dtype, attn_implementation="sdpa")
    parts = LoadedCheckpoint(
        model.eval().requires_grad_(False), processor(shape), f"synthetic {name}", "random", CHECKPOINT
    )
    return cast("TransformersModel", adapted(shape.family, parts))


@contextmanager
def foretold(model: TransformersModel) -> Iterator[None]:
    """While it lasts, a token of an answer follows from the last one alone; what it costs stays the same.

    Of random weights the best tokens nearly tie: in few digits an answer hinges on its batch, and no draft is
    right to its end.
    """
    words, head = ends(model)
    usual = head.clone()
    with torch.inference_mode():
        head.copy_(words.roll(1, 0))
        words.mul_(LOUD)
    try:
        yield
    finally:
        with torch.inference_mode():
            words.div_(LOUD)
            head.copy_(usual)


def ends(model: TransformersModel) -> tuple[Tensor, Tensor]:
    """The weights of its words and of its head, each (vocabulary, hidden)."""
    words, head = (vars(model)[name].weight for name in ("_words", "_head"))
    return words, head


def fitted(benchmark: Benchmark, name: str) -> Benchmark:
    """The benchmark with its questions repeated or cut, so that a prompt has as many text tokens as told."""
    frame = len("USER: \n ASSISTANT:") + 1 + (2 if SHAPES[name].family in MARKS else 0)
    length = SHAPES[name].text - frame

    def repeated(question: str) -> str:
        words = f"{question.encode('ascii', 'replace').decode()} "
        return (words * (length // len(words) + 1))[:length]

    return replace(benchmark, samples=tuple(replace(s, prompt=repeated(s.prompt)) for s in benchmark.samples))


def processor(shape: Shape) -> Any:
    """A token a byte, and the family's own preprocessing."""
    return PROCESSORS[shape.family](shape)


def _class(name: str) -> Any:
    """A class of transformers; of an image processor that which needs no torchvision, where there is one."""
    return getattr(transformers, f"{name}Pil", None) or getattr(transformers, name)


def _llava(shape: Shape, name: str = "Llava", images: str = "CLIP", **more: Any) -> Any:
    square = {"height": shape.image, "width": shape.image}
    pictures = _class(f"{images}ImageProcessor")(
        size={"shortest_edge": shape.image}, crop_size=square, **more
    )
    return _class(f"{name}Processor")(
        pictures, _tokenizer(shape), patch_size=shape.patch, vision_feature_select_strategy="default",
        chat_template=_template(shape), image_token=SPECIALS[IMAGE], num_additional_image_tokens=1,
    )  # fmt: skip


def _llava_next(shape: Shape) -> Any:
    return _llava(shape, "LlavaNext", "LlavaNext", image_grid_pinpoints=pinpoints(shape.image))


def _llava_onevision(shape: Shape) -> Any:
    pictures = _class("LlavaOnevisionImageProcessor")(
        size={"height": shape.image, "width": shape.image}, image_grid_pinpoints=pinpoints(shape.image)
    )
    return still(_class("LlavaOnevisionProcessor"))(
        pictures, _tokenizer(shape), video_processor=None, num_image_tokens=(shape.image // shape.patch) ** 2,
        vision_feature_select_strategy="full", chat_template=_template(shape),
        image_token=SPECIALS[IMAGE], video_token=SPECIALS[VIDEO],
    )  # fmt: skip


def _qwen2_vl(shape: Shape) -> Any:
    pixels = TOKENS * MERGED**2
    pictures = _class("Qwen2VLImageProcessor")(
        size={"shortest_edge": pixels, "longest_edge": 4 * pixels}, patch_size=shape.patch, merge_size=2
    )
    return still(_class("Qwen2VLProcessor"))(
        pictures, _tokenizer(shape), video_processor=None, chat_template=_template(shape)
    )


PROCESSORS: Final[dict[str, Callable[[Shape], Any]]] = {
    "llava": _llava,
    "llava_next": _llava_next,
    "llava_onevision": _llava_onevision,
    "qwen2_vl": _qwen2_vl,
}


def _template(shape: Shape) -> str:
    return TEMPLATE.replace("MARK", MARKS.get(shape.family, SPECIALS[IMAGE]))


def _tokenizer(shape: Shape) -> PreTrainedTokenizerFast:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE({token: i for i, token in enumerate([*SPECIALS, *alphabet])}, []))
    core.add_special_tokens(list(SPECIALS))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    named = {"image_token": SPECIALS[IMAGE], "video_token": SPECIALS[VIDEO]}
    wrap: Any = PreTrainedTokenizerFast
    return wrap(  # type: ignore[no-any-return]
        tokenizer_object=core, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        extra_special_tokens=named, padding_side="left",
    )  # fmt: skip
