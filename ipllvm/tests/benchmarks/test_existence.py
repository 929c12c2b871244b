"""Which questions ask whether something is there."""

import pytest

from ipllvm.benchmarks import charts, easyvqa, scenes
from ipllvm.benchmarks.existence import asks_existence
from ipllvm.benchmarks.prompts import short_answer
from ipllvm.records import Benchmark


@pytest.mark.parametrize(
    "prompt",
    [
        "Is there a dog?",
        "Is there a elephant in this image? Please answer yes or no.",
        "Is there an apple in the picture, yes or no?",
        "is there a teal shape in the image?",
        "Does the image contain a circle?",
        "does this picture show any people",
        "is a red shape present?",
        "Are there any cars in the photo?",
        "Are there zebras in the image?",
        "Do you see a cat?",
        "Question: Is there something on the table?\nChoices:\n(A) Yes\n(B) No",
        "Answer with yes/no. Can you see a bus?",
    ],
)
def test_it_asks_whether_something_is_there(prompt: str) -> None:
    assert asks_existence(prompt) and asks_existence(short_answer(prompt))


@pytest.mark.parametrize(
    "prompt",
    [
        "is there not a circle?",
        "Is there no red ring?",
        "does the image not contain a circle?",
        "doesn't the image contain a circle?",
        "Isn't there a dog?",
        "is no circle present?",
        "Is there a table without a dog?",
        "Is the red bar larger than the blue bar?",
        "Is there a bar larger than the blue bar?",
        "Are there more dogs than cats?",
        "Are there two dogs in the image?",
        "Are there 3 dogs?",
        "Is there only one bowl?",
        "Is there a total of four people?",
        "Is the black circle left of the blue cross?",
        "Is the dog black?",
        "Is this a picture of a dog?",
        "What is there in the picture?",
        "How many dogs are there?",
        "Are there the same number of cats as dogs?",
    ],
)
def test_it_asks_for_something_else(prompt: str) -> None:
    assert not asks_existence(prompt) and not asks_existence(short_answer(prompt))


@pytest.mark.parametrize(
    ("data", "absent", "present"),
    [(scenes.short(0), 102, 132), (charts.short(0), 0, 0), (easyvqa.short(0), 2905, None)],
    ids=["scenes", "charts", "easyvqa"],
)
def test_made_and_shipped_questions(data: Benchmark, absent: int, present: int | None) -> None:
    found = [s.answer for s in data.samples if asks_existence(s.prompt) and s.answer in ("yes", "no")]
    assert found.count("no") == absent
    assert present is None or found.count("yes") == present
