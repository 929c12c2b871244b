"""Comparisons with a baseline that can't be made whatever is measured: refused before anything is.

By options and claims when the test of their property begins, by data and samples once these are chosen.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from ipllvm.errors import NotMeasured
from ipllvm.records import ClaimKey
from ipllvm.session import parameters
from ipllvm.session.comparisons import REFERENCE, Comparison
from ipllvm.session.options import Options
from ipllvm.session.outcomes import OPTIONS
from ipllvm.session.repeats import family, own_levels

if TYPE_CHECKING:
    from ipllvm.gate.baseline import Baseline
    from ipllvm.records import Benchmark, Claim


class Precheck:
    """A pytest plugin, registered where there is a baseline."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Raises NotMeasured where no comparison of a property can be made with these options and claims."""
        compared = _comparisons_of(item)
        if not compared:
            return
        from ipllvm import claims

        options = item.config.stash[OPTIONS]
        settings = _settings(item, options)
        levels = own_levels(item, claims.load(options.claims))
        for key, each in compared.items():
            _refuse(each, key, settings, levels.get(key.claim))
        _require_any(compared, options)


def check_samples(item: pytest.Item, benchmark: "Benchmark") -> None:
    """Raises NotMeasured where no comparison of a property can be made on these samples."""
    compared = _comparisons_of(item)
    for key, each in compared.items():
        planned = [sample.id for sample in benchmark.samples] if _of_all_samples(each, key) else []
        _refuse(each, key, {"digest": benchmark.digest}, samples=planned)
    _require_any(compared, item.config.stash[OPTIONS])


def _comparisons_of(item: pytest.Item) -> dict[ClaimKey, Comparison]:
    """What is compared with the baseline of what an evaluation is to measure."""
    if REFERENCE not in item.config.stash or "evaluation" not in getattr(item, "fixturenames", ()):
        return {}
    behind = (each for each in item.session.items if isinstance(each, Comparison) and each.source is item)
    return {each.key: each for each in behind if each.key is not None}


def _refuse(
    comparison: Comparison,
    key: ClaimKey,
    settings: Mapping[str, Any],
    claim: "Claim | None" = None,
    samples: "list[str] | None" = None,
) -> None:
    """Note why a comparison can't be made, where it can't."""
    from ipllvm.gate import agreement

    before = comparison.config.stash[REFERENCE].baseline
    unlike = [*agreement.foreseen(before.entries[key], settings, claim, samples or ())]
    unlike += agreement.versions(before, _here())[0]
    comparison.unlike = comparison.unlike or "; ".join(unlike)


def _here() -> "Baseline":
    """What a baseline of this run would say of its versions."""
    from ipllvm.gate.baseline import of
    from ipllvm.reporting.report import versions

    return of({"versions": versions()}, [])


def _settings(item: pytest.Item, options: Options) -> dict[str, Any]:
    """The settings of a property's rows that are known before anything is loaded."""
    members = family(item)
    name = str(getattr(item, "originalname", item.name)).removeprefix("test_")
    return {
        **options.measurement(),
        **parameters.of(item, options),
        "draws": options.size(name).draws,
        "margin_floor": options.margin_floor or None,
        "family_wise": members if members > 1 else None,
    }


def _of_all_samples(comparison: Comparison, key: ClaimKey) -> bool:
    """Whether the entry has the samples of the clean score: others may be of some of them, or of pairs."""
    from ipllvm.gate.baseline import CLEAN

    entries = comparison.config.stash[REFERENCE].baseline.entries
    cleans = [each for name, each in entries.items() if name[1:] == (CLEAN, key.benchmark)]
    clean = entries.get(key._replace(claim=CLEAN), cleans[0] if cleans else None)
    return clean is not None and set(entries[key].samples) == set(clean.samples)


def _require_any(compared: dict[ClaimKey, Comparison], options: Options) -> None:
    """Raises NotMeasured where all are refused, unless the model's own claims count too."""
    reasons = dict.fromkeys(each.unlike for each in compared.values())
    if reasons and all(reasons) and options.fail_rule.compares_only:
        raise NotMeasured(f"nothing was measured, as nothing can be compared: {'; '.join(reasons)}")
