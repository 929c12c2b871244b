"""How a checkpoint is read, beside its name; imports no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.util import find_spec
from typing import Any

from ipllvm.errors import ModelUnavailable, UnknownName, UsageError

DEVICE_MAPS = ("auto", "balanced", "balanced_low_0", "sequential")
"""Ways of transformers to spread a model over devices."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """`adapter` is the folder of a LoRA adapter to merge, `revision` a branch, tag or commit on the hub;
    `trust_remote_code` runs code that a checkpoint brings; `device_map` spreads it over devices.

    The others are for checkpoints in their authors' format: the name of a `prompt_template`, the folder or
    hub's name of a `vision_tower` and of the `base_model` that an adapter or a projector stands on, and
    whether pickles are read, as weights alone.
    """

    adapter: str = ""
    revision: str = ""
    trust_remote_code: bool = False
    device_map: str = ""
    prompt_template: str = ""
    vision_tower: str = ""
    base_model: str = ""
    allow_pickle: bool = False

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "LoadOptions":
        """Those among the options of a run, as a report has them; a report from before lacks some."""
        return cls(**{each.name: options[each.name] for each in fields(cls) if options.get(each.name)})

    def require(self) -> None:
        """Raises UnknownName and ModelUnavailable where the device map can't be had."""
        if not self.device_map:
            return
        if self.device_map not in DEVICE_MAPS:
            raise UnknownName("device map", self.device_map, DEVICE_MAPS)
        if find_spec("accelerate") is None:
            raise ModelUnavailable(
                f"--device-map {self.device_map}: it is spread by accelerate: pip install accelerate"
            )

    def require_none(self, name: str, why: str) -> None:
        """Raises UsageError where anything is asked for of a model that can't be read so, and `why`."""
        for each in fields(self):
            if getattr(self, each.name):
                option = each.name.replace("_", "-")
                raise UsageError(f"--{option}: {name} {why}; leave it out")


USUAL = LoadOptions()
"""Nothing asked for."""
