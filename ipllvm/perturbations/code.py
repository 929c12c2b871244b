"""What the store knows a perturbation by: its printed form, and of somebody's own class its code too.

What a shipped one does is told by the version of the engine; a file of one's own is edited between two runs.
"""

import hashlib
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

SHIPPED: Final = "ipllvm."
DIGITS: Final = 8
_IDENTITY: Final = re.compile(rf"(.*) \[code ([0-9a-f]{{{DIGITS}}})\]", re.DOTALL)


def identity_of(perturbation: Any) -> str:
    """The printed form; behind that of a class of one's own the digest of its code.

    >>> from ipllvm.perturbations.substitution import Clean
    >>> identity_of(Clean())
    'clean'
    """
    kind: Any = type(perturbation)
    printed = str(perturbation)
    return printed if kind.__module__.startswith(SHIPPED) else f"{printed} [code {_digest(kind)}]"


def apart(identity: str) -> tuple[str, str]:
    """The printed form of what `identity_of` gave, and the digest of its code, "" of a shipped one.

    >>> apart("mirror [code 0123abcd]"), apart("blank(level=127)")
    (('mirror', '0123abcd'), ('blank(level=127)', ''))
    """
    found = _IDENTITY.fullmatch(identity)
    return (found[1], found[2]) if found else (identity, "")


@cache
def _digest(kind: Any) -> str:
    """Of the files that a class and its bases come from and of what these use of their own folder; without
    files of its methods.
    """
    found = hashlib.sha256()
    modules = (sys.modules.get(base.__module__) for base in kind.__mro__)
    own = [module for module in modules if module and not module.__name__.startswith(SHIPPED)]
    files = {file for module in own for file in _used(module)}
    for file in sorted(files):
        found.update(file.read_bytes())
    if not files:
        for name, value in sorted(vars(kind).items()):
            code = getattr(value, "__code__", None)
            found.update(repr((name, code and (code.co_code, code.co_consts, code.co_names))).encode())
    return found.hexdigest()[:DIGITS]


def _used(module: ModuleType) -> set[Path]:
    """The file of a module, and those that it uses, directly or not, of the folder it lies in or below."""
    first = _file(module)
    if first is None:
        return set()
    found, ahead = {first}, [module]
    while ahead:
        for other in _named(ahead.pop()):
            file = _file(other)
            if file is not None and file not in found and first.parent in file.parents:
                found.add(file)
                ahead.append(other)
    return found


def _named(module: ModuleType) -> Iterator[ModuleType]:
    """The modules that a module's names are, or come from."""
    for value in list(vars(module).values()):
        name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        if isinstance(name, str) and name in sys.modules:
            yield sys.modules[name]


def _file(module: ModuleType) -> Path | None:
    """The source of a module, where it has one."""
    try:
        name = inspect.getsourcefile(module)
    except TypeError:  # it is built in
        return None
    return Path(name) if name and Path(name).is_file() else None
