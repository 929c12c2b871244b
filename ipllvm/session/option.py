"""One option of the command line: how it is spelled, read and repeated, and what it bears on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from ipllvm.errors import UsageError
from ipllvm.session import parsing

ROW: Final = "option"
Parse = Callable[[str, str], Any]
"""From an option's name and what was typed to its value; raises UsageError in one line."""


class Bears(StrEnum):
    """What an option bears on, which every row of the table has to say."""

    NOTHING = "nothing"
    """It says how a run is shown, kept or ended: a replay does without."""
    RUN = "run"
    """A command line that repeats the run has it."""
    MEASUREMENT = "measurement"
    """As RUN; and it is a setting of every result, in which a gate's two runs must agree."""
    PARAMETER = "parameter"
    """As MEASUREMENT, for the properties that declare it by the marker `parameters`."""


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the table of options, whose field it describes.

    `default` is what stands for an option that is not given, as it would be typed; None where nothing
    does. A `flag` has no value, `many` may be given more than once. `absent` is what a value is spelled
    as that is None ("auto", "all"); without one such an option is left out of a command line.
    """

    name: str
    help: str
    bears: Bears
    parse: Parse
    default: str | None
    metavar: str
    flag: bool
    many: bool
    absent: str
    aliases: tuple[str, ...]

    @property
    def spellings(self) -> tuple[str, ...]:
        """All ways to write it, the plain one first, then those that no other plugin can have taken."""
        names = (self.name, *self.aliases)
        return tuple(f"--{prefix}{name}" for prefix in ("", "ipllvm-") for name in names)

    @property
    def destination(self) -> str:
        """The name by which pytest keeps it."""
        return f"ipllvm_{self.name.replace('-', '_')}"

    def read(self, typed: Any) -> Any:
        """The value of what was typed; raises UsageError in one line."""
        if self.flag:
            return bool(typed)
        if self.many:
            return tuple(self._value(text) for text in dict.fromkeys(typed or ()))
        return None if typed is None else self._value(str(typed))

    def _value(self, text: str) -> Any:
        """What a text says; an empty one, as of a shell's variable that is not set, is no value."""
        if not text.strip():
            raise UsageError(f"--{self.name} {text!r}: give a value, or leave the option out")
        return self.parse(self.name, text)

    def repeated(self, value: Any) -> list[str]:
        """The value as a command line says it; nothing for the default, which the same words mean again."""
        if self.flag:
            return [f"--{self.name}"] * bool(value)
        if self.many:
            return [f"--{self.name}={each}" for each in value]
        text = self.absent if value is None else _typed(value)
        return [f"--{self.name}={text}"] * bool(text and text != self.default)


def _typed(value: Any) -> str:
    """A value as it would be typed: a float in digits alone, for none is read with an exponent.

    >>> _typed(1e-05), _typed(0.25), _typed(3)
    ('0.00001', '0.25', '3')
    """
    return f"{Decimal(repr(value)):f}" if type(value) is float else str(value)


def option(
    help: str,
    bears: Bears,
    parse: Parse = parsing.text,
    default: str | None = None,
    *,
    name: str = "",
    metavar: str = "",
    flag: bool = False,
    many: bool = False,
    absent: str = "",
    aliases: tuple[str, ...] = (),
) -> Any:
    """A field of `Options` that is an option of the command line; its arguments are those of `Option`.

    Without a `name` it is spelled as the field is called.
    """
    row = Option(name, help, bears, parse, default, metavar, flag, many, absent, aliases)
    return field(metadata={ROW: row})


@dataclass(frozen=True, slots=True)
class KnownWords:
    """Reads one of the known words, which completion offers; raises UsageError for another."""

    known: tuple[str, ...]

    def __call__(self, name: str, text: str) -> str:
        """The word itself."""
        return parsing.one_of(name, text, self.known)


def one_of(*known: str) -> Parse:
    """Reads one of the known words."""
    return KnownWords(known)


def number(least: float, most: float) -> Parse:
    """Reads a number from `least` to `most`."""
    return lambda name, text: parsing.number(name, text, least, most)


def whole(least: int, auto: str = "") -> Parse:
    """Reads a whole number of at least `least`; the word `auto` as None."""
    return lambda name, text: None if text == auto and auto else parsing.whole(name, text, least)
