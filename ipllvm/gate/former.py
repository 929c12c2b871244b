"""What baselines that were saved by former versions say in other words, or do not say.

Before properties declared their parameters every entry had every one, under another name; the parameters
of other properties say nothing of it.
"""

from collections.abc import Mapping
from typing import Any, Final

_IMPORTANCE = frozenset({"layer_importance", "modality_importance", "visual_token_importance"})
PARAMETERS: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "scope": ("permutation_scope", frozenset({"permutation_invariance"})),
    "noise": ("noise_kind", _IMPORTANCE),
    "information": ("patch_information", frozenset({"patch_information"})),
    "occlusion_budget": ("occlusion_budget", frozenset({"occlusion"})),
}
"""Former name of a setting: its name now, and the properties that read it."""


def settings(property_name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of an entry as they are named now.

    >>> settings("occlusion", {"seed": 0, "scope": "all", "occlusion_budget": "mass"})
    {'seed': 0, 'occlusion_budget': 'mass'}
    """
    made = {}
    for name, value in found.items():
        now, readers = PARAMETERS.get(name, (name, frozenset({property_name})))
        if property_name in readers:
            made[now] = value
    return made


def shared(property_name: str) -> float:
    """What an entry that says nothing of it has in place of `shared`: 1, or 0 where it is not known.

    >>> shared("permutation_invariance"), shared("alignment")
    (1.0, 0.0)
    """
    return 0.0 if property_name == "alignment" else 1.0
