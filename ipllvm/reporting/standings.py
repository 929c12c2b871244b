"""What the run as a whole says of each claim, as rows of a report, made in verdicts/release.py."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ipllvm.reporting import wording
from ipllvm.reporting.schema import Row
from ipllvm.verdicts import release
from ipllvm.verdicts.answer import Standing
from ipllvm.verdicts.failing import NOT_MEASURED
from ipllvm.verdicts.release import Family


def standing(found: Standing | None) -> Row | None:
    """What the run says of a row, None where it is in no family: then its own verdict is all there is."""
    if found is None:
        return None
    return {
        "decision": str(found.decision),
        "p_holds": found.p_holds,
        "p_violated": found.p_violated,
        "p_worse": found.p_worse,
        "note": found.note,
    }


def stood(
    rows: Sequence[Mapping[str, Any]], lost: Sequence[Mapping[str, Any]], options: Mapping[str, Any]
) -> list[Row]:
    """Entries of a report, each with what a run of these options and `lost` tests says of it."""
    found = release.standings(release.families(rows, lost, **release.rules(options)))
    return [{**row, "standing": standing(found.get(place))} for place, row in enumerate(rows)]


def with_verdicts(found: Sequence[Row], paired: Sequence[Sequence[Row]]) -> Iterator[Row]:
    """What a baseline keeps of entries that `stood` gave, with the word of the run for the claim of each.

    Where too many samples failed that is said of all that was kept of them.
    """
    for row, claims in zip(found, paired, strict=True):
        word = wording.standing(row)
        for each in claims:
            own = each["claim"]["name"] == row["claim"]["name"]
            yield {**each, "verdict": word if own or word == NOT_MEASURED else ""}


def unmeasured(rows: Sequence[Row]) -> list[Row]:
    """The results of which more samples failed than may."""
    return [row for row in rows if wording.standing(row) == NOT_MEASURED]


def multiplicity(families: Sequence[Family], results: Sequence[Row]) -> list[Row]:
    """One entry a model: how many primary requirements there are, and each with its adjusted p-values.

    `results` are entries of a report, in the order of the rows that the families were made of.
    """
    return [_entry(family, results) for family in families if family.name == "fit_for_release"]


def _entry(family: Family, results: Sequence[Row]) -> Row:
    pairs = zip(family.rows, family.answer.standings, strict=True)
    claims = [_claim(results[place], each) for place, each in pairs if place is not None]
    places = [place for place in family.rows if place is not None]
    model = results[places[0]]["model"] if places else family.model
    return {"model": model, "k": len(family.rows), "claims": claims}


def _claim(entry: Row, found: Standing) -> Row:
    return {
        "test": entry["test"],
        "property": entry["property"],
        "benchmark": entry["benchmark"],
        "p_holds": found.p_holds,
        "p_violated": found.p_violated,
        "stands": str(found.decision) == entry["verdict"]["decision"],
    }
