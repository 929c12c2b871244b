"""`lmms:TASK`: a task of lmms-eval as a benchmark, with its own prompts and scoring."""

from dataclasses import dataclass
from hashlib import sha256

from PIL import Image

from ipllvm import lmms_tasks
from ipllvm.benchmarks.definition import fit_for_files
from ipllvm.benchmarks.rendering import digest
from ipllvm.errors import BenchmarkUnavailable
from ipllvm.records import Benchmark, Sample

PREFIX = "lmms:"


@dataclass(frozen=True, slots=True)
class TaskImage:
    """A picture of a row of a task, asked for when it is needed."""

    task: str
    row: int
    item: int
    key: bytes

    def load(self) -> Image.Image:
        """The picture in RGB."""
        found: Image.Image = lmms_tasks.pictures(self.task, self.row)[self.item]
        return found.convert("RGB")

    def digest(self) -> bytes:
        """sha256 of its pixels."""
        return self.key


def load(name: str) -> Benchmark:
    """The rows of a task; raises BenchmarkUnavailable and UsageError, in one line."""
    task = name.removeprefix(PREFIX)
    samples = tuple(_sample(task, row, *given) for row, given in enumerate(lmms_tasks.rows(task)))
    if not samples:
        raise BenchmarkUnavailable(f"{name} has no rows")
    keys = (image.digest() for sample in samples for image in sample.images if isinstance(image, TaskImage))
    source = f"lmms-eval, task {task}, {len(samples):,} rows, prompts of {lmms_tasks.MODEL}"
    limit = lmms_tasks.max_new_tokens(task)
    return Benchmark(name, samples, "lmms_task", digest(samples, *keys), source, limit)


def _sample(task: str, row: int, prompt: str, pictures: list[Image.Image], answer: str) -> Sample:
    if not pictures or not all(isinstance(each, Image.Image) for each in pictures):
        raise BenchmarkUnavailable(
            f"lmms:{task}: row {row + 1} has no picture: only tasks on pictures can be measured"
        )
    images = tuple(TaskImage(task, row, item, _key(each)) for item, each in enumerate(pictures))
    id = fit_for_files(f"lmms-{task}-{row:05d}")
    labels = (("lmms_task", task), ("lmms_row", str(row)))
    return Sample(id, f"lmms-{images[0].key.hex()[:16]}", images, prompt, answer, labels=labels)


def _key(picture: Image.Image) -> bytes:
    plain = picture.convert("RGB")
    return sha256(f"{plain.size}".encode() + plain.tobytes()).digest()
