"""What the paper prints of the models that it names, to be set beside what is measured.

The tables are data beside this file, as printed: where a figure contradicts its own table it stands
with a note. Estimates are called what a report calls them.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

PERCENT = "percent"
COSINE = "cosine"
_RETENTION = ("clean", "encoder")
_ENDS = {"mmvp": "_pairs", "mme": "_points", "llavaw": "_relative"}
"""What the estimates are called that are in a benchmark's own unit."""
_SCORES = ("clean", "permuted", "synthetic", "blank")


@dataclass(frozen=True, slots=True)
class PrintedNumber:
    """A printed number: `value` in `unit` of the estimate `name`, where it stands, what is odd about it.

    `value` is None where the paper shows a plot without numbers; `name` then says what is shown.
    """

    name: str
    value: float | None
    unit: str
    where: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure of the paper: what it shows of which models and data; `values` are rows of a map."""

    where: str
    property: str
    models: tuple[str, ...]
    benchmarks: tuple[str, ...]
    shows: str
    notes: tuple[str, ...]
    values: tuple[tuple[float, ...], ...] = ()


def beside(property: str, model: str, benchmark: str) -> tuple[PrintedNumber, ...]:
    """What the paper prints of a property of a model on a benchmark, by the names of a report.

    Empty for a model that it does not name.

    >>> [(f.name, f.value, f.where) for f in beside("permutation_invariance", "llava-ov", "mmvp")]
    [('clean_pairs', 60.67, 'Table 1'), ('permuted_pairs', 59.33, 'Table 1')]
    """
    key = paper_name(model)
    if key is None:
        return ()
    benchmark = benchmark.partition("@")[0]  # the same set, under whichever protocol
    parts = (_table1, _table2, _table3, _plots)
    return tuple(figure for part in parts for figure in part(property, key, benchmark))


def averages(property: str, model: str) -> dict[str, PrintedNumber]:
    """The last column of a table for a model, by the names of a report; "change" is that of the change.

    >>> {name: figure.value for name, figure in averages("classification_retention", "llava-1.5").items()}
    {'encoder': 67.4, 'clean': 38.2, 'change': -29.2}
    """
    key = paper_name(model)
    tables = {
        "permutation_invariance": ("Table 1", "table1.toml"),
        "classification_retention": ("Table 3", "table3.toml"),
    }
    if property not in tables:
        return {}
    where, name = tables[property]
    found = shipped(name)["averages"].get(key)
    if found is None:
        return {}
    if isinstance(found, float):
        return {"change": PrintedNumber("change", found, PERCENT, where, (shipped(name)["anomalies"][1],))}
    encoder, clean = found
    values = {"encoder": encoder, "clean": clean, "change": round(clean - encoder, 1)}
    return {each: PrintedNumber(each, value, PERCENT, where) for each, value in values.items()}


def printed_change(property: str, model: str, benchmark: str) -> float | None:
    """A printed change that does not follow from the printed scores beside it; None where it does.

    >>> printed_change("permutation_invariance", "llava-next", "mmvp")
    0.67
    """
    named = {"permutation_invariance": "table1.toml", "synthetic_images": "table2.toml"}.get(property)
    key = paper_name(model)
    found = None if named is None or key is None else shipped(named)["changes"].get(key, {}).get(benchmark)
    return None if found is None else float(found)


def paper_name(model: str) -> str | None:
    """The key in these tables of a model by the name that a report calls it; None where there is none.

    >>> paper_name("llava-1.5-7b-hf"), paper_name("llava-tiny")
    ('llava-1.5', None)
    """
    known = {name: key for key, about in shipped("models.toml").items() for name in about["names"]}
    return known.get(model)


def in_unit(score: str, benchmark: str) -> str:
    """What the estimate of a score is called in the unit that the paper prints.

    >>> in_unit("clean", "mme"), in_unit("clean", "ai2d"), in_unit("says_1", "mmvp")
    ('clean_points', 'clean', 'says_1')
    """
    return score + _ENDS.get(benchmark, "") if score in _SCORES else score


def plots() -> tuple[Plot, ...]:
    """The figures that show results, in the paper's order."""
    return tuple(
        Plot(
            where,
            each["property"],
            tuple(each["models"]),
            tuple(each["benchmarks"]),
            each["shows"],
            tuple(each["notes"]),
            tuple(tuple(row) for row in each.get("values", ())),
        )
        for where, each in shipped("figures.toml").items()
    )


def language_models() -> dict[str, str]:
    """The ten language models of Fig. 7: the paper's name to the hub's id, which is inferred."""
    return {each["name"]: each["hub"] for each in shipped("language_models.toml")["models"]}


@cache
def shipped(name: str) -> dict[str, Any]:
    """A data file beside this one."""
    return tomllib.loads(files("ipllvm.claims").joinpath(name).read_text(encoding="utf-8"))


def _table1(property: str, model: str, benchmark: str) -> Iterator[PrintedNumber]:
    table = shipped("table1.toml")
    cell = table["models"].get(model, {}).get(benchmark)
    if cell is None or property != "permutation_invariance":
        return
    about = table["benchmarks"][benchmark]
    odd = (about.get("anomaly"), table["cells"].get(model, {}).get(benchmark))
    notes = tuple(note for note in odd if note)
    clean, permuted = (in_unit(name, benchmark) for name in ("clean", "permuted"))
    yield PrintedNumber(clean, cell[0], about["unit"], "Table 1", notes)
    yield PrintedNumber(permuted, cell[1], about["unit"], "Table 1", (*notes, *table["anomalies"]))


def _table2(property: str, model: str, benchmark: str) -> Iterator[PrintedNumber]:
    table = shipped("table2.toml")
    row, where = table["models"].get(model, {}), table["where"]
    if property != table["property"] or benchmark not in row:
        return
    notes = tuple(table["notes"][name] for name in (benchmark,) if name in table["notes"])
    for name, value in zip(table["columns"][benchmark], row[benchmark], strict=True):
        yield PrintedNumber(name, value, PERCENT, where, notes)
    yield PrintedNumber("clip_i", table["clip_i"][benchmark], COSINE, where, (table["notes"]["clip_i"],))
    if benchmark == "mathvista":
        name = "says_1_when_right"
        yield PrintedNumber(name, row["freq"], PERCENT, where, (table["notes"][name],))


def _table3(property: str, model: str, benchmark: str) -> Iterator[PrintedNumber]:
    table = shipped("table3.toml")
    if property != table["property"] or model not in table["clean"] or benchmark not in table["benchmarks"]:
        return
    place = table["benchmarks"].index(benchmark)
    notes = tuple(table["notes"][name] for name in (benchmark, model) if name in table["notes"])
    for name in _RETENTION:
        yield PrintedNumber(name, table[name][model][place], PERCENT, table["where"], notes)


def _plots(property: str, model: str, benchmark: str) -> Iterator[PrintedNumber]:
    for plot in plots():
        fits = benchmark in plot.benchmarks or not plot.benchmarks
        if plot.property == property and model in plot.models and fits:
            yield PrintedNumber(plot.shows, None, "", plot.where, plot.notes)
