"""Parameters of one property alone: declared by its marker, given on the command line, a setting of its rows.

`@pytest.mark.parameters("noise_kind")` names an option of the table; a property outside this package
declares a parameter of its own with the words that it takes, the default first, and
`--parameter strength=strong` gives it:

    @pytest.mark.parameters(strength=("mild", "strong"))
    def test_mine(evaluation): ... evaluation.parameter("strength")
"""

from collections.abc import Mapping

import pytest

from ipllvm.errors import UnknownName, UsageError
from ipllvm.session.option import Bears
from ipllvm.session.options import OPTIONS, Options
from ipllvm.session.parsing import one_of

MARKER = "parameters"
DECLARED = pytest.StashKey[dict[str, tuple[str, ...]]]()


def of(item: pytest.Item, options: Options) -> dict[str, str]:
    """The values of the parameters that a test declares, by name."""
    given = _given(options)
    values = {name: str(getattr(options, name)) for name in _shared(item)}
    for name, words in _own(item).items():
        values[name] = one_of(name, given.get(name, words[0]), words)
    return values


def declare(test: pytest.Item, config: pytest.Config) -> None:
    """Note what a collected test declares; raises UsageError, or UnknownName, for what it can't."""
    for name in _shared(test):
        if name not in OPTIONS or OPTIONS[name].bears is not Bears.PARAMETER:
            known = [key for key, row in OPTIONS.items() if row.bears is Bears.PARAMETER]
            raise UnknownName(f"parameter of {test.name}", name, known)
    config.stash.setdefault(DECLARED, {}).update(_own(test))


def check(config: pytest.Config, options: Options) -> None:
    """Raises UnknownName for a parameter on the command line that no collected test declares, or not so."""
    declared = config.stash.get(DECLARED, {})
    for name, value in _given(options).items():
        if name not in declared:
            raise UnknownName("--parameter", name, declared)
        one_of(f"parameter {name}", value, declared[name])


def _shared(item: pytest.Item) -> tuple[str, ...]:
    """The options of the table that a test reads."""
    return tuple(name for mark in item.iter_markers(MARKER) for name in mark.args)


def _own(item: pytest.Item) -> dict[str, tuple[str, ...]]:
    """The parameters that a test brings along, with the words that each takes."""
    found: dict[str, tuple[str, ...]] = {}
    for mark in item.iter_markers(MARKER):
        for name, words in mark.kwargs.items():
            if not isinstance(words, tuple | list) or not words or name in OPTIONS:
                why = "is an option of ipllvm already" if name in OPTIONS else "give the words that it takes"
                raise UsageError(f"{item.name}: parameter {name}: {why}")
            found[name] = tuple(map(str, words))
    return found


def _given(options: Options) -> Mapping[str, str]:
    """What --parameter says, by name."""
    pairs = (text.partition("=") for text in options.parameters)
    return {name: value for name, _, value in pairs}
