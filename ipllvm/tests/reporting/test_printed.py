"""The paper's own figures beside what is measured: in the JSON, and in views made for people."""

from dataclasses import replace

from ipllvm.records import BenchmarkInfo
from ipllvm.reporting import markdown, schema, terminal
from ipllvm.reporting.schema import Report
from ipllvm.tests.reporting import reports


def _made(model: str, benchmark: str) -> Report:
    found = replace(
        reports.result(),
        model=replace(reports.MODEL, name=model),
        benchmark=BenchmarkInfo(benchmark, "feed" * 16, "somewhere", 300, 60, 2500),
    )
    return reports.report(found)


def test_a_model_of_the_paper_has_its_figures_beside_it() -> None:
    made = _made("llava-next", "chartqa")
    schema.validate(made)
    (row,) = made["results"]
    assert [(f["name"], f["value"], f["where"]) for f in row["printed"]] == [
        ("clean", 66.06, "Table 1"),
        ("permuted", 34.55, "Table 1"),
    ]
    assert "Table 1: clean 66.06 percent, here 95.3. 987 samples fit" in markdown.render(made)
    lines = terminal.summary(made, 300)
    assert sum("paper, permutation_invariance, chartqa: Table 1: " in line for line in lines) == 2


def test_other_models_have_none() -> None:
    made = _made("llava-tiny", "chartqa")
    schema.validate(made)
    assert made["results"][0]["printed"] == []
    assert "In the paper" not in markdown.render(made)
    assert not any("paper, " in line for line in terminal.summary(made, 300))
