"""Wide and tall pictures with the questions of square ones, for models that cut pictures into tiles."""

from dataclasses import dataclass, replace
from functools import partial

from PIL import Image

from ipllvm.benchmarks import easyvqa, rendering, scenes
from ipllvm.benchmarks.scenes import Scene
from ipllvm.records import Benchmark, ImageSource
from ipllvm.sampling import generator

SQUARE = "square"
OBLONG = ("wide", "tall")
_TIMES = {SQUARE: (1, 1), "wide": (2, 1), "tall": (1, 2)}


def spread(scene: Scene, shape: str) -> Scene:
    """The scene on a canvas of another shape: places stretched, objects of the size that they had.

    Rows, columns and relations stay what they were.
    """
    across, down = _TIMES[shape]
    items = tuple(replace(item, x=across * item.x, y=down * item.y) for item in scene.items)
    width, height = scene.size
    return replace(scene, items=items, size=(across * width, down * height))


def frame(image: Image.Image, shape: str, place: float) -> Image.Image:
    """The picture on a canvas of another shape in its corner's colour, `place` (0..1) of the way along."""
    across, down = _TIMES[shape]
    if (across, down) == (1, 1):
        return image
    size = across * image.width, down * image.height
    canvas = Image.new("RGB", size, image.getpixel((0, 0)))
    room = size[0] - image.width, size[1] - image.height
    canvas.paste(image, (round(place * room[0]), round(place * room[1])))
    return canvas


@dataclass(frozen=True, slots=True)
class Framed:
    """A picture in a frame: a value that is put together when asked for."""

    image: ImageSource
    shape: str
    place: float

    def load(self) -> Image.Image:
        """The picture, RGB, twice as wide or as tall."""
        return frame(self.image.load(), self.shape, self.place)


def wide_scenes(seed: int = 0) -> Benchmark:
    """`scenes` on canvases twice as wide: other pictures than the square ones have, as many questions."""
    return rendering.made("scenes-wide", partial(_scene, "wide", seed), seed, lettered=False)


def tall_scenes(seed: int = 0) -> Benchmark:
    """`scenes` on canvases twice as tall."""
    return rendering.made("scenes-tall", partial(_scene, "tall", seed), seed, lettered=False)


def _scene(shape: str, seed: int, index: int) -> rendering.Picture:
    drawn, rng = scenes.draw(seed, f"test-{shape}", index)
    return spread(drawn, shape), scenes.questions(drawn, rng)


def wide_easyvqa(seed: int = 0) -> Benchmark:
    """`easyvqa` with every picture somewhere in a frame twice as wide."""
    return _framed_easyvqa("wide")


def tall_easyvqa(seed: int = 0) -> Benchmark:
    """`easyvqa` with every picture somewhere in a frame twice as tall."""
    return _framed_easyvqa("tall")


def _framed_easyvqa(shape: str) -> Benchmark:
    """The same samples as `easyvqa`, under the same ids: what changes is the frame."""
    square = easyvqa.short()
    samples = tuple(
        replace(s, images=tuple(Framed(i, shape, _place(shape, s.cluster)) for i in s.images))
        for s in square.samples
    )
    name = f"easyvqa-{shape}"
    digest = rendering.digest(samples, f"{name} {rendering.VERSION}".encode(), square.digest.encode())
    return replace(square, name=name, samples=samples, digest=digest)


def _place(shape: str, cluster: str) -> float:
    return float(generator("frame", shape, cluster).random())
