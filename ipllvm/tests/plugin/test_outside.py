"""Somebody's own repository, with a package of extensions beside ipllvm and a property of its own."""

from pathlib import Path

import pytest

from ipllvm.tests.plugin.sessions import HERE, Session, session

OUTSIDE = HERE / "outside"
PROPERTY = OUTSIDE / "mirror_property.py"


def repository(folder: Path) -> Path:
    """A folder with the property, its claims, and the package as if it were installed there."""
    folder.mkdir(exist_ok=True)
    for name in ("our_claims.toml", "our_checks.py"):
        (folder / name).write_text((OUTSIDE / name).read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "test_our_mirror.py").write_text(PROPERTY.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "conftest.py").write_text('pytest_plugins = ["ipllvm.plugin"]\n', encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    info = folder / "our_checks-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: our-checks\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text((OUTSIDE / "entry_points.txt").read_text(encoding="utf-8"))
    return folder


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = repository(tmp_path_factory.mktemp("outside"))
    chosen = ("--model=llava-tiny", "--claims=our_claims.toml", "--parameter=words=loud")
    return session(folder, *chosen, drawn=True)


def test_the_property_is_as_short_as_promised() -> None:
    assert len(PROPERTY.read_text(encoding="utf-8").splitlines()) <= 30


def test_it_is_measured_and_reported_as_a_shipped_one(done: Session) -> None:
    assert done.status == 0, done.output
    (row,) = done.report()["results"]
    assert (row["property"], row["claim"]["quantity"]) == ("our_mirror", "mirror_loss")
    assert row["settings"]["perturbations"] == "clean; our_mirror"
    assert (row["settings"]["words"], row["settings"]["said"]) == ("loud", "loud")
    assert row["estimates"]["mirror_loss"]["n"] == 12
    assert [each["name"] for each in done.report()["benchmarks"]] == ["our-cards"]
    assert "--parameter=words=loud" in row["replay"]
    page = next(done.folder.glob("reports/*/report.html")).read_text(encoding="utf-8")
    assert "lost in the mirror" in page


def test_names_are_told_where_one_is_misspelt(tmp_path: Path) -> None:
    done = session(repository(tmp_path), "--benchmark=our-card")
    assert done.status == 4
    assert any("unknown benchmark 'our-card': did you mean 'our-cards'?" in line for line in done.lines)
