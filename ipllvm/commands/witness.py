"""What a session of pytest knew at its end, for those who started it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from ipllvm.session.controller import Session
    from ipllvm.session.costs import Costs


class Witness:
    """A pytest plugin that keeps the session: its report, and what it planned; `status` is how it ended."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self.costs: Costs = {}
        self.status = 0

    def pytest_unconfigure(self, config: "pytest.Config") -> None:
        """Keep it."""
        from ipllvm.session.controller import COSTS

        self.session = config.pluginmanager.get_plugin("ipllvm-session")
        self.costs = config.stash.get(COSTS, {})

    def refused(self) -> list[str]:
        """Why tests could not be measured, or planned, each reason once."""
        return [*dict.fromkeys(() if self.session is None else self.session.unmeasured())]
