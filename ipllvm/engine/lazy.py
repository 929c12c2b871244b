"""A proxy that loads its object when an attribute is first needed. Imports no torch."""

from typing import Any


class LazyProxy:
    """Forwards attributes that it does not have itself to `loaded`, a cached property of its subclasses."""

    loaded: Any

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "loaded":  # loading failed: do not recurse
            raise AttributeError(name)
        return getattr(self.loaded, name)
