"""Claims files: what is shipped, what a user may lay over it, and one clear line for the rest."""

from pathlib import Path

import pytest

from ipllvm.claims import load
from ipllvm.errors import UsageError

FULL = """
[sharp]
quantity = "performance_drop"
direction = "at_least"
margin = 10
kind = "observation"
source = "paper, figure 3"
text = "It costs at least 10 points."
"""


def _file(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_claim() -> None:
    claim = load()["permutation"]
    assert (claim.name, claim.quantity, claim.direction) == ("permutation", "performance_drop", "at_most")
    assert (claim.margin, claim.alpha, claim.planned_discordance) == (2.0, 0.05, 0.10)
    assert (claim.kind, claim.primary) == ("requirement", True)
    assert "Table 1" in claim.source and claim.text


def test_a_file_is_laid_over_by_name(tmp_path: Path) -> None:
    claims = load(_file(tmp_path, "[permutation]\nmargin = 5\n" + FULL))
    assert claims["permutation"].margin == 5.0
    assert claims["permutation"].direction == "at_most"
    assert (claims["sharp"].margin, claims["sharp"].direction) == (10.0, "at_least")
    assert load()["permutation"].margin == 2.0


def test_a_changed_margin_is_no_longer_the_papers(tmp_path: Path) -> None:
    source = load(_file(tmp_path, "[permutation]\nmargin = 5\n"))["permutation"].source
    assert source.endswith("changed in mine.toml: margin")
    own = load(_file(tmp_path, '[permutation]\nmargin = 5\nsource = "ours"\n'))["permutation"].source
    assert own == "ours"
    same = load(_file(tmp_path, "[permutation]\nmargin = 2.0\n"))["permutation"].source
    assert same == load()["permutation"].source


def test_importance_may_be_that_of_the_best_draw_or_of_random_strengths(tmp_path: Path) -> None:
    shipped = load()["layer_importance"]
    assert (shipped.agg, shipped.draws) == ("mean", "fixed")
    asked = "[layer_importance]\nagg = 'max'\n[visual_token_importance]\ndraws = 'random'\n"
    found = load(_file(tmp_path, asked))
    assert (found["layer_importance"].agg, found["visual_token_importance"].draws) == ("max", "random")


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert load(_file(tmp_path, "")) == load()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[permutation\n", "not a TOML file"),
        ("margin = 2\n", "'margin' is not a table"),
        ("[permutation]\nmargn = 2\n", "unknown key 'margn': did you mean 'margin'?"),
        ("[permutation]\nmargin = nan\n", "margin must be finite, not nan"),
        ("[permutation]\nmargin = -inf\n", "margin must be finite, not -inf"),
        ("[permutation]\nmargin = '2'\n", "margin must be a number between -100 and 100, not '2'"),
        ("[permutation]\nmargin = true\n", "margin must be a number between -100 and 100, not True"),
        ("[permutation]\nmargin = 100\n", "margin must be a number between -100 and 100, not 100"),
        ("[permutation]\nalpha = 0.5\n", "alpha must be a number between 0 and 0.5"),
        ("[permutation]\nalpha = 0\n", "alpha must be a number between 0 and 0.5"),
        ("[permutation]\nplanned_discordance = 0\n", "planned_discordance must be a number between 0 and 1"),
        ("[permutation]\nprimary = 1\n", "primary must be true or false, not 1"),
        ("[permutation]\ntext = ''\n", "text must be a text"),
        ("[permutation]\nsource = 3\n", "source must be a text, not 3"),
        ("[permutation]\ndirection = 'at_mst'\n", "unknown direction 'at_mst': did you mean 'at_most'?"),
        ("[permutation]\nkind = 'wish'\n", "unknown kind 'wish': Known: observation, requirement"),
        ("[permutation]\nquantity = 'performance'\n", "did you mean 'performance_drop'?"),
        ("[permutation]\nquantity = 'mine'\n", 'for one of your own add meaning = "..."'),
        ("[permuation]\nmargin = 3\n", "claim 'permuation' lacks quantity, direction, kind"),
        ("[permuation]\nmargin = 3\n", "did you mean 'permutation'?"),
        (FULL.replace("margin = 10\n", ""), "claim 'sharp' lacks margin"),
        ("[image_first]\nagg = 'mx'\n", "unknown agg 'mx': did you mean 'max'?"),
        ("[image_first]\ndraws = true\n", "draws must be a text, not True"),
        ("[permutation]\nagg = 'max'\n", 'agg = "max" is for importance only: lowest_quarter, image_first'),
        ("[occlusion]\ndraws = 'random'\n", 'draws = "random" is for importance only: lowest_quarter'),
        ("[image_first]\nagg = 'max'\ndraws = 'random'\n", 'draws must be "fixed"'),
    ],
)
def test_bad_files_get_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    path = _file(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load(path)
    line = str(caught.value)
    assert message in line
    assert str(path) in line
    assert "\n" not in line


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't read the claims: No such file"):
        load(tmp_path / "absent.toml")
    with pytest.raises(UsageError, match="can't read the claims"):
        load(tmp_path)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not a TOML file in UTF-8"):
        load(binary)


def test_a_claim_of_ones_own_quantity_says_what_it_means(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        "[mine]\nquantity = 'answers_kept'\nmeaning = 'of answers kept'\ndirection = 'at_least'\n"
        "margin = 90\nkind = 'observation'\nsource = 'us'\ntext = 'Most answers stay.'\n"
    )
    found = load(path)["mine"]
    assert (found.quantity, found.meaning, found.words) == (
        "answers_kept",
        "of answers kept",
        "at least 90 points",
    )


def test_a_claim_with_another_margin_does_not_go_on_in_the_words_of_the_shipped_one(tmp_path: Path) -> None:
    own = '[image_use]\nmargin = 95\ntext = "Seeing pays."\n'
    found = load(_file(tmp_path, f"[permutation]\nmargin = 10\n{own}[compression]\nalpha = 0.01\n"))
    said = "Shuffling the visual tokens costs at most 2 points (mine.toml: margin 10, not 2.0)."
    assert found["permutation"].text == said
    assert found["image_use"].text == "Seeing pays."
    assert found["compression"].text == load()["compression"].text
