"""The exceptions of ipllvm; every message is one line: what is wrong, where, and what to do.

IpllvmError
├── UsageError            the command line asks for something that can't be done
│   └── UnknownName       a name that no registry knows; says the closest one
├── ModelUnavailable      no such checkpoint here, or one that can't be loaded
├── BenchmarkUnavailable  the data or the package behind a benchmark is missing
├── StoreFailed           outcomes can't be written any more: the run ends with what was measured
│   └── StoreFull         no room on the disk
├── NotTested             the model lacks the part that a property is about: skipped, with the reason
└── NotMeasured           too many errors, or nothing left, to speak of a verdict
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from ipllvm.safety.printing import visible

FAULTS: Final = (Exception, SystemExit)
"""What other people's code raises where it fails: a `sys.exit` in a model ends no run."""
LIMIT = 2_000
"""Characters of a message; what it quotes may be a file's, and the reason comes at its end."""


class IpllvmError(Exception):
    r"""Base of all errors that a user can do something about; its text is safe to print.

    >>> str(IpllvmError("weights of \x1b[31mred"))
    'weights of \\x1b[31mred'
    """

    def __str__(self) -> str:
        said = super().__str__()
        if len(said) > LIMIT:
            said = f"{said[: LIMIT // 4]} … {said[-LIMIT // 4 :]}"
        return visible(said, LIMIT)


class UsageError(IpllvmError):
    """An option has a value that can't be used."""


class UnknownName(UsageError):
    """`name` is none of `known`.

    >>> str(UnknownName("model", "llava-tny", ["llava-tiny", "llava-ov"]))
    "unknown model 'llava-tny': did you mean 'llava-tiny'? Known: llava-ov, llava-tiny"
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        close = get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f"did you mean '{close[0]}'? " if close else ""
        super().__init__(f"unknown {kind} '{name}': {hint}Known: {', '.join(names) or 'none'}")

    def __reduce__(self) -> tuple[type[UsageError], tuple[str]]:
        """As a UsageError of the same words, which another process can raise."""
        return UsageError, (str(self),)


class ModelUnavailable(IpllvmError):
    """A checkpoint is missing, incomplete or not an LLVM."""


class BenchmarkUnavailable(IpllvmError):
    """The data behind a benchmark can't be had."""


class StoreFailed(IpllvmError):
    """Outcomes can't be written any more: what was measured before stays."""


class StoreFull(StoreFailed):
    """The disk is full."""


class NotTested(IpllvmError):
    """A property asks for a part that the model does not have; known before anything is measured."""


class NotMeasured(IpllvmError):
    """A property could not be measured: this is no verdict."""


class Finding(Exception):
    """How a property test ends when its claim does not hold: an outcome, no error."""


class ClaimViolated(Finding):
    """The whole interval lies outside the claim."""


class ClaimUndecided(Finding):
    """The data decide nothing; the message says why and what would."""


def first_line(error: object) -> str:
    r"""What an error of another library says, without what follows its first line; its name if nothing.

    >>> first_line(ValueError("\nno such layer\n  in detail")), first_line(KeyError())
    ('no such layer', 'KeyError')
    >>> first_line(ValueError("field 'size':\n  'wide' is not a number\n  at all"))
    "field 'size': 'wide' is not a number"
    """
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return " ".join(line.strip() for line in lines[: 2 if lines[0].rstrip().endswith(":") else 1])
