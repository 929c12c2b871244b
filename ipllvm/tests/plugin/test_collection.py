"""Collecting and asking for help: which tests there are, and that it costs little."""

import tomllib
from pathlib import Path

import pytest

from ipllvm.tests.plugin.sessions import ROOT, Session, fresh, session, sessions, suite

HEAVY = {"torch", "transformers", "scipy", "statsmodels", "PIL", "hypothesis", "huggingface_hub", "easy_vqa"}
IDS = [
    "properties/test_permutation.py::test_permutation_invariance[llava-tiny-easyvqa]",
    "properties/test_permutation.py::test_permutation_invariance[llava-tiny-scenes]",
    "properties/test_permutation.py::test_permutation_invariance[llava-tiny-charts]",
]


def imported(done: Session) -> set[str]:
    line = next(line for line in done.lines if line.startswith("imported:"))
    return set(line.split()[1:])


@pytest.fixture(scope="module")
def collected() -> Session:
    watch = ("-p", "ipllvm.tests.plugin.imported", "-pno:cacheprovider")
    return fresh(ROOT, "properties", "--collect-only", "-q", *watch)


def test_ids_read_model_benchmark(collected: Session) -> None:
    assert collected.status == 0
    assert [line for line in collected.lines if "test_permutation_invariance" in line] == IDS


def test_collection_imports_nothing_heavy(collected: Session) -> None:
    print(f"pytest properties --collect-only: {collected.seconds:.2f} s")
    assert "pytest" in imported(collected)
    assert imported(collected) & HEAVY == set()


def test_help_imports_nothing_heavy_and_names_the_options() -> None:
    done = fresh(ROOT, "--help", "-p", "ipllvm.tests.plugin.imported", "-pno:cacheprovider")
    assert done.status == 0
    assert "--model=NAME" in done.output
    assert "--ipllvm-model=NAME" in done.output
    assert imported(done) & HEAVY == set()


def test_selections_by_keyword_and_marker(tmp_path: Path) -> None:
    chosen = sessions(
        suite(tmp_path, "suite_outcomes"),
        *(
            [*selection, "--collect-only", "-q", "--benchmark=scenes", "--benchmark=charts"]
            for selection in (["-k", "holds"], ["-m", "law"], ["-m", "requirement"], ["-m", "observation"])
        ),
    )
    counts = [sum("::" in line for line in done.lines) for done in chosen]
    assert counts == [2, 2, 14, 2]


def test_the_long_spelling_of_an_option_is_the_same_option(tmp_path: Path) -> None:
    arguments = ["--collect-only", "--ipllvm-model=llava-ov", "--ipllvm-benchmark=mmvp", "--ipllvm-samples=7"]
    (done,) = sessions(suite(tmp_path, "suite_outcomes"), arguments)
    assert any("llava-ov on mmvp; 7 samples each" in line for line in done.lines)
    assert "test_holds[llava-ov-mmvp]" in done.output


def test_folders_of_one_name_get_ids_of_their_own(tmp_path: Path) -> None:
    folder = suite(tmp_path, "suite_outcomes")
    models = [folder / run / "checkpoint" for run in ("one", "two")]
    for model in models:
        model.mkdir(parents=True)
    (done,) = sessions(
        folder, ["--collect-only", "-q", "-k", "test_law", *(f"--model={model}" for model in models)]
    )
    assert [line.partition("::")[2] for line in done.lines if "::" in line] == [
        "test_law[one-checkpoint]",
        "test_law[two-checkpoint]",
    ]


def test_the_tests_of_a_model_stand_together(tmp_path: Path) -> None:
    folder = suite(tmp_path, "suite_outcomes")
    names = {"model": ["llava-tiny", "llava-ov"], "benchmark": ["scenes", "charts", "mmvp"]}
    options = [f"--{option}={name}" for option, chosen in names.items() for name in chosen]
    (done,) = sessions(folder, ["--collect-only", "-q", "-k", "holds or law", *options])
    assert [line.partition("::test_")[2] for line in done.lines if "::" in line] == [
        f"{test}[{model}{benchmark}]"
        for model in ("llava-tiny", "llava-ov")
        for test, benchmark in [
            ("holds", "-scenes"),
            ("holds", "-charts"),
            ("holds", "-mmvp"),
            ("law", ""),
            ("broken_law", ""),
        ]
    ]


def test_another_plugin_with_the_same_option_is_named_in_one_line(tmp_path: Path) -> None:
    folder = suite(tmp_path, "suite_outcomes")
    (folder / "taken.py").write_text("def pytest_addoption(parser):\n    parser.addoption('--model')\n")
    for option in ("--model=llava-tny", "--model"):
        done = session(folder, "-p", "taken", option, "llava-tny")
        assert done.status == 4
        assert [line for line in done.lines if line] == [
            "ERROR: --model: another pytest plugin has taken this option: write --ipllvm-model, "
            "or disable that plugin with -p no:NAME"
        ]
    done = session(folder, "-p", "taken", "--ipllvm-model=llava-tny")
    assert done.status == 4
    assert "unknown model 'llava-tny'" in done.output


def test_other_sessions_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text("def test_other():\n    assert True\n")
    assert session(tmp_path).status == 0
    refused = session(tmp_path, "--model=llava-tiny")
    assert refused.status == 4
    assert "unrecognized arguments: --model=llava-tiny" in refused.output


def test_the_package_does_not_load_itself_into_pytest() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "pytest11" not in project.get("entry-points", {})


def test_a_model_after_a_space_that_misleads_pytest_is_pointed_out(tmp_path: Path) -> None:
    model = tmp_path / "repository" / "checkpoint"
    model.mkdir(parents=True)
    (model.parent / "pytest.ini").write_text("[pytest]\n")
    folder = suite(tmp_path / "suite", "suite_outcomes")
    plugin = ["-p", "ipllvm.plugin", "test_outcomes.py", "--collect-only"]
    spaced, fine = sessions(folder, ["--model", str(model), *plugin], [f"--model={model}", *plugin])
    assert any("write --model=FOLDER, with an equals sign" in line for line in spaced.lines)
    assert "equals sign" not in fine.output
    assert (
        f"ipllvm: rootdir {folder} holds no properties/: ipllvm check MODEL runs the shipped ones"
        in fine.lines
    )
    assert "holds no properties" not in spaced.output
