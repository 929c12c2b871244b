"""A property checker for large language-and-vision models: what can be used from Python.

`ipllvm.check` measures the properties of a model, `ipllvm.plan` says what that would cost, `ipllvm.compare`
sets two runs against each other and `ipllvm.read_report` reads a report; all give typed values. To import the
package is cheap: neither torch nor pytest is loaded before something is measured.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ipllvm.api.checking import check as check
    from ipllvm.api.comparing import BaselineComparison as BaselineComparison
    from ipllvm.api.comparing import compare as compare
    from ipllvm.api.planning import Forecasts as Forecasts
    from ipllvm.api.planning import plan as plan
    from ipllvm.api.report import Report as Report
    from ipllvm.api.report import read_report as read_report
    from ipllvm.errors import ClaimViolated as ClaimViolated
    from ipllvm.errors import IpllvmError as IpllvmError
    from ipllvm.records import Claim as Claim
    from ipllvm.records import Decision as Decision
    from ipllvm.records import Estimate as Estimate
    from ipllvm.records import Result as Result
    from ipllvm.records import Verdict as Verdict

    __version__: str

_HOMES = {
    "check": "ipllvm.api.checking",
    "plan": "ipllvm.api.planning",
    "Forecasts": "ipllvm.api.planning",
    "compare": "ipllvm.api.comparing",
    "BaselineComparison": "ipllvm.api.comparing",
    "read_report": "ipllvm.api.report",
    "Report": "ipllvm.api.report",
    "ClaimViolated": "ipllvm.errors",
    "IpllvmError": "ipllvm.errors",
    "Claim": "ipllvm.records",
    "Decision": "ipllvm.records",
    "Estimate": "ipllvm.records",
    "Result": "ipllvm.records",
    "Verdict": "ipllvm.records",
}
"""Where each public name is defined; it is imported when it is first used (PEP 562)."""

__all__ = [
    "BaselineComparison",
    "Claim",
    "ClaimViolated",
    "Decision",
    "Estimate",
    "Forecasts",
    "IpllvmError",
    "Report",
    "Result",
    "Verdict",
    "__version__",
    "check",
    "compare",
    "plan",
    "read_report",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from ipllvm.version import installed_version

        return installed_version()
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
