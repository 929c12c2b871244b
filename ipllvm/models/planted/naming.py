"""Names of planted models: `planted:KIND,parameter=value,...`. Imports no torch."""

from dataclasses import asdict, fields
from hashlib import sha256
from typing import Any

from ipllvm.errors import UnknownName, UsageError
from ipllvm.models.planted.behaviour import Behaviour
from ipllvm.registry import PLANTED

PREFIX = "planted:"
VERSION = 1  # of the laws and of what planted models read
_TRUTH = {"0": False, "false": False, "1": True, "true": True}


def is_planted(name: str) -> bool:
    """Whether a model's name leads to a planted model."""
    return name == PREFIX[:-1] or name.startswith(PREFIX)


def law(name: str) -> Behaviour:
    """The law behind a name; what it does not say has its default.

    Raises UnknownName for kinds and parameters that there are not, UsageError for values that can't be.

    >>> law("planted:exact-drop,d=0.1").d
    0.1
    """
    kind, *settings = name.removeprefix(PREFIX[:-1]).removeprefix(":").split(",")
    if not kind:
        raise UsageError(f"model '{name}': name a kind, as in planted:invariant; known: {', '.join(PLANTED)}")
    made = PLANTED.load(kind)
    types = {field.name: field.type for field in fields(made)}
    values: dict[str, Any] = {}
    for setting in settings:
        parameter, equals, text = setting.partition("=")
        if parameter not in types:
            raise UnknownName(f"parameter of planted:{kind}", parameter, types)
        if not equals or parameter in values:
            raise UsageError(f"model '{name}': write each parameter once, as {parameter}=VALUE")
        values[parameter] = _value(name, setting, types[parameter], text)
    found: Behaviour = made(**values)
    return found


def _value(name: str, setting: str, wanted: Any, text: str) -> Any:
    try:
        return _TRUTH[text.lower()] if wanted is bool else wanted(text)
    except (KeyError, ValueError) as error:
        nouns = {bool: "0 or 1", int: "a whole number", float: "a number"}
        raise UsageError(f"model '{name}': {setting} must be {nouns[wanted]}") from error


def fingerprint(name: str) -> str:
    """A sha256 (64 hex digits) over version, kind and every parameter, also those left at default."""
    found = law(name)
    return sha256(repr((VERSION, type(found).__name__, sorted(asdict(found).items()))).encode()).hexdigest()
