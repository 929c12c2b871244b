"""From questions on pictures to samples: the two answer formats, ids, clusters and digests."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from itertools import islice

from ipllvm.benchmarks.prompts import LETTERS, multiple_choice, short_answer
from ipllvm.benchmarks.questions import Question
from ipllvm.records import Benchmark, ImageSource, Sample
from ipllvm.sampling import generator

IMAGES, PER_IMAGE = 750, 2
MAX_NEW_TOKENS = 8
VERSION = 1  # of the generators behind the made benchmarks
DRAWN = 8  # pictures whose pixels enter the digest
LONG = 64
"""Characters of a prompt, or choices, that are hashed once for all samples that share them."""
Picture = tuple[ImageSource, Iterator[Question]]


def sample(id: str, cluster: str, image: ImageSource, question: Question, lettered: bool) -> Sample:
    """A question in one of the two formats.

    Short: `choices` are all answers that the question admits, `answer` is one of them. Lettered:
    `choices` are the options as shown, A first, and `answer` is a letter; the options depend on
    the sample's id alone.
    """
    if not lettered:
        prompt = short_answer(question.text)
        return Sample(id, cluster, (image,), prompt, question.answer, question.candidates, question.kind)
    options = question.options(generator("options", id))
    letter = LETTERS[options.index(question.answer)]
    prompt = multiple_choice(question.text, options)
    return Sample(id, cluster, (image,), prompt, letter, options, question.kind)


def digest(samples: Sequence[Sample], *parts: bytes) -> str:
    """sha256, in hex, over what is asked (ids, prompts, answers) and over `parts`."""
    total = sha256()
    for item in samples:
        total.update(repr((item.id, item.cluster, item.prompt, item.answer, item.choices)).encode())
    for part in parts:
        total.update(sha256(part).digest())
    return total.hexdigest()


def shared_digest(samples: Sequence[Sample], *parts: bytes) -> str:
    """As `digest`, for prompts and choices that many samples share."""
    shared = [replace(each, prompt=_short(each.prompt), choices=_marked(each.choices)) for each in samples]
    return digest(shared, *parts)


@lru_cache(maxsize=1 << 16)
def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest() if len(text) > LONG else text


@lru_cache(maxsize=1 << 16)
def _marked(texts: tuple[str, ...]) -> tuple[str, ...]:
    return (sha256(repr(texts).encode()).hexdigest(),) if len(texts) > LONG else texts


def benchmark(name: str, samples: Iterable[Sample], lettered: bool, source: str, *parts: bytes) -> Benchmark:
    """A benchmark of questions with one-word answers; `parts` of the data enter the digest."""
    rows = tuple(samples)
    full_name = f"{name}-mc" if lettered else name
    scorer = "multiple_choice" if lettered else "exact_match"
    return Benchmark(full_name, rows, scorer, digest(rows, *parts), source, MAX_NEW_TOKENS)


def made(name: str, picture: Callable[[int], Picture], seed: int, lettered: bool) -> Benchmark:
    """The test split of a made benchmark: the first 2 questions on each of 750 pictures.

    The digest covers seed, version, every prompt and answer, and the pixels of the first pictures,
    so that a change in the drawing or in Pillow's font is a different benchmark.
    """
    samples, pixels = [], []
    for index in range(IMAGES):
        image, questions = picture(index)
        if index < DRAWN:
            pixels.append(image.load().tobytes())
        cluster = f"{name}-{index:05d}"
        for k, question in enumerate(islice(questions, PER_IMAGE)):
            samples.append(sample(f"{cluster}-{k}", cluster, image, question, lettered))
    header = repr((name, seed, IMAGES, PER_IMAGE, VERSION)).encode()
    source = f"made by ipllvm (generator version {VERSION}, seed {seed}, split test)"
    return benchmark(name, samples, lettered, source, header, *pixels)
