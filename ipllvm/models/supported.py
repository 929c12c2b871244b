"""The refusal of a model type that no family here has."""

from difflib import get_close_matches

from ipllvm.errors import ModelUnavailable
from ipllvm.registry import FAMILIES


def not_supported(place: object, family: object, hint: str = "") -> ModelUnavailable:
    """The one line about such a type; `hint` is what may help. It is short: pages and tables cut long lines.

    >>> print(not_supported("folder", "qwen2_5_v"))  # doctest: +ELLIPSIS
    folder: model type 'qwen2_5_v' is not supported; closest: qwen2_5_vl, ...
    """
    types = list(FAMILIES)
    close = get_close_matches(str(family), types, n=3, cutoff=0.6)
    closest = f"; closest: {', '.join(close)}" if close else ""
    return ModelUnavailable(
        f"{place}: model type {repr(family)[:60]} is not supported{hint}{closest}; known: {len(types)} types "
        "(`ipllvm models --families`), image classifiers and CLIP"
    )
