"""The tokenizer that all embedded models share: byte-level BPE of 1,024 tokens, digits apart.

Its plain-English part is learned from the standard library's help texts, which change a little
between releases of Python: the tokenizer that is shipped was trained with Python 3.11.
"""

from pathlib import Path
from pydoc_data import topics
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from ipllvm.zoo import corpus

BOS, EOS, PAD, IMAGE = "<s>", "</s>", "<pad>", "<image>"
VOCABULARY = 1024
DOCUMENTS = 20_000


def train(seed: int) -> PreTrainedTokenizerFast:
    """Learn the merges from the language model's corpus; the ids of specials are 0 to 3."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[BOS, EOS, PAD, IMAGE],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    frame = [f"USER: {corpus.CAPTION_PROMPT} ASSISTANT:"]
    documents = frame * 100 + [corpus.text(seed, index) for index in range(DOCUMENTS)]
    documents += topics.topics.values()  # plain English from the standard library, so that a real
    # prompt's words cost few tokens
    core.train_from_iterator(documents, trainer)
    return wrap(core, f"{BOS} $A")


def wrap(core: Tokenizer, template: str) -> PreTrainedTokenizerFast:
    """The tokenizer as transformers knows it, with the given single-text template."""
    ids = [(token, core.token_to_id(token)) for token in (BOS, EOS)]
    core.post_processor = processors.TemplateProcessing(single=template, special_tokens=ids)
    make: Any = PreTrainedTokenizerFast  # transformers leaves it untyped
    wrapped: PreTrainedTokenizerFast = make(
        tokenizer_object=core,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        extra_special_tokens={"image_token": IMAGE},
        padding_side="left",
        model_max_length=1024,
    )
    return wrapped


def load(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer of a saved checkpoint."""
    loaded: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder)
    return loaded
