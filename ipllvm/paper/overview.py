"""`python -m ipllvm.paper.overview [RUN ...]`: reports/paper.md, claim by claim, from what runs measured.

RUN is a run's folder. What is read of them is kept beside the page as paper.json, so that the page can be
made again without them; a run of the same claim, model and benchmark takes the place of an older one.
"""

import argparse
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from ipllvm.claims.tables import shipped
from ipllvm.models.sources import names_classes
from ipllvm.reporting import migration
from ipllvm.reporting.markdown import escape
from ipllvm.reporting.schema import Report, rows
from ipllvm.reporting.text import interval, number
from ipllvm.session.profiles import BEYOND, PUBLISHED, PUBLISHED_CLASSES

FOLDER: Final = Path("reports")
WORDS: Final = {"HOLDS": "holds", "VIOLATED": "violated", "UNDECIDED": "undecided"}
Finding = dict[str, Any]


def main(words: list[str] | None = None) -> None:
    """Read the runs, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m ipllvm.paper.overview", description=__doc__)
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN")
    parser.add_argument("--out", type=Path, default=FOLDER, help="default reports")
    arguments = parser.parse_args(words)
    store = arguments.out / "paper.json"
    found = json.loads(store.read_text(encoding="utf-8")) if store.exists() else []
    for run in arguments.runs:
        report = migration.read(run / "report.json")
        found = merged(without_lost(found, report), findings(report))
    store.write_text(json.dumps(found, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
    (arguments.out / "paper.md").write_text(markdown(statements(), found), encoding="utf-8")


def statements() -> list[Mapping[str, Any]]:
    """What the paper says, in its order (statements.toml)."""
    text = files("ipllvm.paper").joinpath("statements.toml").read_text(encoding="utf-8")
    found: list[Mapping[str, Any]] = tomllib.loads(text)["statements"]
    return found


def findings(report: Report) -> Iterator[Finding]:
    """The verdicts of a report, each with the estimate that decides it."""
    prints = {each["name"]: each["fingerprint"][:12] for each in report["models"]}
    for row in rows(report):
        claim, model = row["claim"], row["model"]["name"]
        decisive = row["estimates"][claim["quantity"]]
        yield {
            "property": row["property"],
            "claim": claim["name"],
            "model": model,
            "weights": prints[model],
            "benchmark": row["benchmark"]["name"],
            **{name: _rounded(decisive[name]) for name in ("value", "low", "high")},
            "n": decisive["n"],
            "decision": row["verdict"]["decision"],
            "measured": report["run"]["started"][:10],
        }
    yield from _across(report, prints)


def _across(report: Report, prints: Mapping[str, str]) -> Iterator[Finding]:
    """What a report states of several models together, as far as the page asks for it."""
    names = {name for each in statements() for name in each.get("across", ())}
    sizes = {each["name"]: each["n"] for each in report["benchmarks"]}
    for stated in report["statements"]:
        if stated["name"] in names:
            yield {
                "property": stated["name"],
                "claim": stated["name"],
                "model": " and ".join(stated["models"]),
                "weights": " and ".join(prints[model] for model in stated["models"]),
                "benchmark": ", ".join(stated["benchmarks"]),
                **{name: _rounded(stated[name]) for name in ("value", "low", "high")},
                "n": min(sizes[name] for name in stated["benchmarks"]),
                "decision": stated["decision"],
                "measured": report["run"]["started"][:10],
            }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def without_lost(former: Iterable[Finding], report: Report) -> list[Finding]:
    """What was kept, without what a report could not test on that model and benchmark."""
    lost = {(each["property"], each["model"], each["benchmark"]) for each in report["not_tested"]}
    return [each for each in former if (each["property"], each["model"], each["benchmark"]) not in lost]


def merged(former: Iterable[Finding], new: Iterable[Finding]) -> list[Finding]:
    """What was kept, with what is new of the same claim, model and benchmark in its place."""

    def key(each: Finding) -> tuple[str, str, str]:
        return each["claim"], each["model"], each["benchmark"]

    found = {key(each): each for each in former} | {key(each): each for each in new}
    return [found[each] for each in sorted(found)]


def markdown(saying: Sequence[Mapping[str, Any]], found: Sequence[Finding]) -> str:
    """The whole page."""
    claims = shipped("paper.toml")
    blocks = [*_head(found)]
    for each in saying:
        blocks += _statement(each, claims, found)
    blocks += _beyond(claims, found)
    return "\n\n".join(blocks) + "\n"


def _head(found: Sequence[Finding]) -> Iterator[str]:
    yield "# The paper, claim by claim"
    yield (
        'The claims of "Intriguing Properties of Large Language and Vision Models" (arXiv 2410.04751): how '
        "ipllvm measures each, what the paper leaves open and how that is read, the results of the embedded "
        "models, and what has not been run. Generated by `python -m ipllvm.paper.overview RUN ...` from runs "
        "of the properties; `ipllvm paper` makes the paper's tables and figures."
    )
    yield (
        "**The embedded models are small and made for tests: their values show whether the properties work, "
        "not whether the paper is right.** Nothing of the paper's size was run: no 7B checkpoint and "
        "none of its data were available. With small n little is decided. Variants of llava-tiny, each "
        "trained differently in one aspect, are in sisters.md."
    )
    weights = {(each["model"], each["weights"], each["measured"]) for each in found}
    if weights:
        weighed = "; ".join(f"{model}, weights {of}, {day}" for model, of, day in sorted(weights))
        yield f"Measured: {weighed}."


def _statement(
    statement: Mapping[str, Any], claims: Mapping[str, Any], found: Sequence[Finding]
) -> Iterator[str]:
    yield f"## {statement['says']}"
    lines = [f"- **Where**: {statement['where']}.", f"- **Measured**: {statement['measured']}"]
    if statement["property"]:
        lines.append(f"- **On**: {_sets(statement)}.")
    for name in statement["claims"]:
        claim = claims[name]
        lines.append(f"- **Decided** ({claim['kind']} `{name}`): {claim['text']}")
    lines += [
        f"- **Left open**: {statement['open']}",
        f"- **Read as**: {statement['reading']}",
        f"- **Not run**: {statement['missing']}",
    ]
    yield "\n".join(lines)
    yield from _table(statement["claims"], [each for each in found if _is_of(statement, each)])


def _is_of(statement: Mapping[str, Any], found: Finding) -> bool:
    """Whether a finding belongs to a statement: on models, or on encoders that name classes."""
    across = statement.get("across", ())
    if found["claim"] in across:
        return True
    return names_classes(found["model"]) == bool(across) and found["claim"] in statement["claims"]


def _sets(statement: Mapping[str, Any]) -> str:
    """The property, and what the paper measures it on, of encoders where they are what is compared."""
    name = statement["property"]
    own = (PUBLISHED_CLASSES if statement.get("across") else PUBLISHED).get(name, ())
    return f"`{name}` on {', '.join(own)}" if own else f"`{name}` on any multiple-choice set"


def _table(claims: Sequence[str], found: Sequence[Finding]) -> Iterator[str]:
    order = dict.fromkeys((*claims, *(each["claim"] for each in found)))
    here = [each for name in order for each in found if each["claim"] == name]
    if here:
        lines = ["| claim | model | on | value, interval | n | |", "|---|---|---|---|---|---|"]
        yield "\n".join([*lines, *map(_line, here)])
    elif claims:
        yield "Not measured on the embedded models."


def _line(each: Finding) -> str:
    value = f"{number(each['value'])} {interval(each['low'], each['high'])}"
    names = map(escape, (each["claim"], each["model"], each["benchmark"]))
    return f"| {' | '.join([*names, value, format(each['n'], ','), WORDS[each['decision']]])} |"


def _beyond(claims: Mapping[str, Any], found: Sequence[Finding]) -> Iterator[str]:
    yield "## Beyond the paper"
    yield "The paper does not cover these; each has a claim as an observation, and planted tests."
    names = [name for name, claim in claims.items() if claim["source"].startswith("beyond the paper")]
    lines = [f"- `{name}`: {claims[name]['text']}" for name in names]
    yield "\n".join(lines)
    yield from _table(names, [each for each in found if each["claim"] in names])
    yield f"Properties: {', '.join(f'`{name}`' for name in BEYOND)}."


if __name__ == "__main__":
    main()
