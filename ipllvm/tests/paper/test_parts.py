"""The parts as data: each is of a property, its models are the paper's, nothing of the paper is missing."""

import pytest

from ipllvm.claims.tables import plots, shipped
from ipllvm.errors import UnknownName
from ipllvm.paper.parts import chosen, parts
from ipllvm.registry import BENCHMARKS
from ipllvm.tests.contracts.test_properties import PROPERTIES

FORMS = {"table", "bars", "curves", "map", "examples"}


@pytest.mark.parametrize("key", parts())
def test_a_part_is_of_a_property_and_of_models_that_the_paper_names(key: str) -> None:
    part = parts()[key]
    assert part.property_name in PROPERTIES and part.form in FORMS
    assert set(part.models) <= set(shipped("models.toml"))
    assert all(BENCHMARKS.check(name) for name in (*part.benchmarks, *part.stand_ins))
    assert bool(part.scores) == (part.form in ("table", "bars"))
    assert bool(part.series) == (part.form in ("curves", "map"))
    assert part.reading.endswith(".")


def test_every_table_and_figure_is_there() -> None:
    places = [part.where for part in parts().values()]
    assert [f"Table {n}" for n in (1, 2, 3)] == places[:3]
    wanted = {plot.where for plot in plots()} - {"Fig. 6"} | {"Fig. 3", "Fig. 5", "Fig. 6a", "Fig. 6b"}
    assert set(places[3:]) == wanted | {"Beside Table 1"}


def test_parts_are_chosen_by_key_and_by_figure_in_the_papers_order() -> None:
    assert [part.key for part in chosen(["fig6", "table2"])] == ["table2", "fig6a", "fig6b"]
    assert len(chosen([])) == len(parts())
    with pytest.raises(UnknownName, match=r"part of the paper 'tabel1': .*'table1'"):
        chosen(["tabel1"])


def test_models_and_benchmarks_of_the_tables_are_those_of_their_values() -> None:
    assert set(parts()["table1"].models) == set(shipped("table1.toml")["models"])
    assert set(parts()["table2"].models) == set(shipped("table2.toml")["models"])
    assert set(parts()["table3"].models) == set(shipped("table3.toml")["clean"])
