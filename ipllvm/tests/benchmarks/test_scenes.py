"""Scenes: the questions' answers, checked against the objects, and the objects against the pixels."""

from collections import Counter
from collections.abc import Iterator

import pytest

from ipllvm.benchmarks import scenes
from ipllvm.benchmarks.palette import COLORS, SIZE
from ipllvm.benchmarks.questions import Question


def drawn(count: int = 300) -> Iterator[tuple[scenes.Scene, list[Question]]]:
    """The first scenes of a split with all their questions."""
    for index in range(count):
        scene, rng = scenes.draw(1, "check", index)
        yield scene, list(scenes.questions(scene, rng))


def answer(scene: scenes.Scene, question: Question) -> str:
    """The answer, worked out from the text and the objects in another way than the generator."""
    words = question.text.rstrip("?").split()
    items = {item.name: item for item in scene.items}
    colors = Counter(item.color for item in scene.items)
    shapes = Counter(item.shape for item in scene.items)
    match question.kind:
        case "color":
            return next(item.color for item in scene.items if item.shape == words[-1])
        case "shape":
            return next(item.shape for item in scene.items if item.color == words[4])
        case "count" if words[2] in COLORS:
            return str(colors[words[2]])
        case "count":
            return str(next((shapes[s] for s in scenes.SHAPES if words[2] in (s + "s", s + "es")), 0))
        case "row":
            return str(items[" ".join(words[4:6])].row + 1)
        case "column":
            return str(items[" ".join(words[4:6])].column + 1)
        case "relation":
            first, second = items[" ".join(words[2:4])], items[" ".join(words[-2:])]
            before = first.y < second.y if "above" in words else first.x < second.x
            return "yes" if before else "no"
        case _:
            return "yes" if " ".join(words[-2:]) in items else "no"


def test_answers_follow_from_the_objects() -> None:
    checked = Counter[str]()
    for scene, questions in drawn():
        for question in questions:
            assert question.answer == answer(scene, question), question
            checked[question.kind] += 1
    assert set(checked) == set(scenes.KINDS)
    assert min(checked.values()) > 200


def test_the_same_seed_and_index_give_the_same_picture() -> None:
    again = scenes.draw(5, "train", 7)[0]
    assert scenes.draw(5, "train", 7)[0] == again
    assert scenes.draw(5, "train", 8)[0] != again
    assert scenes.draw(5, "test", 7)[0] != again
    assert scenes.draw(5, "train", 7)[0].load().tobytes() == again.load().tobytes()


def test_objects_have_their_colour_at_their_centre_and_do_not_touch() -> None:
    for scene, _ in drawn(100):
        image = scene.load()
        assert (image.mode, image.size) == ("RGB", (SIZE, SIZE))
        for item in scene.items:
            assert image.getpixel((item.x, item.y)) == COLORS[item.color]
            assert item.x - item.radius >= 0 and item.x + item.radius < SIZE
        cells = [(item.row, item.column) for item in scene.items]
        assert len(set(cells)) == len(cells) and 2 <= len(cells) <= 6


@pytest.mark.parametrize("shape", scenes.SHAPES)
def test_shapes_are_told_apart_by_their_area(shape: str) -> None:
    def area(name: str) -> int:
        item = scenes.Item("black", name, 1, 1, 56, 56, 13)
        pixels = scenes.Scene((item,), (255, 255, 255), name, 1).load().convert("L").histogram()
        return pixels[0]

    others = [area(other) for other in scenes.SHAPES if other != shape]
    assert 100 < area(shape) < 27 * 27
    assert area(shape) not in others


def test_a_caption_names_every_object_with_its_place() -> None:
    scene, _ = next(drawn(1))
    caption = scene.caption()
    assert caption.startswith(f"{len(scene.items)} objects: ")
    for item in scene.items:
        assert f"a {item.name} in row {item.row + 1} column {item.column + 1}" in caption
