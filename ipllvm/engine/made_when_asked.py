"""What stands in for something until it is asked for a part of it. Imports no torch."""

from typing import Any


class MadeWhenAsked:
    """Has the interface of `loaded`, which is made when it is asked for what it does not know itself.

    Whoever builds on it makes `loaded` (a cached property).
    """

    loaded: Any

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "loaded":  # whose making failed: it is not asked of itself
            raise AttributeError(name)
        return getattr(self.loaded, name)
