"""Assertions with a reason, which work without pytest's rewriting."""


def expect(kept: bool, reason: str) -> None:
    """Raises AssertionError with `reason` where a contract is not kept."""
    if not kept:
        raise AssertionError(reason)
