"""Every sample is in one shard, and a picture is never cut in two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.engine.shard import Shard, parse
from ipllvm.errors import UsageError
from ipllvm.records import Sample


@given(st.lists(st.integers(0, 12), max_size=40), st.integers(1, 9))
def test_parts_are_the_whole_and_keep_clusters_and_order(clusters: list[int], count: int) -> None:
    samples = [Sample(str(n), str(cluster), (), "?", "yes") for n, cluster in enumerate(clusters)]
    parts = [Shard(number, count).part(samples) for number in range(1, count + 1)]
    assert sorted((s for part in parts for s in part), key=lambda s: int(s.id)) == samples
    for part in parts:
        assert [int(s.id) for s in part] == sorted(int(s.id) for s in part)
    kept = [{s.cluster for s in part} for part in parts]
    assert sum(map(len, kept)) == len(set(clusters))
    assert max(map(len, kept)) - min(map(len, kept)) <= 1, "dealt evenly"


def test_a_shard_is_read_as_it_is_printed() -> None:
    assert parse("shard", "3/8") == Shard(3, 8)
    assert str(parse("shard", "3/8")) == "3/8"


@pytest.mark.parametrize(
    "text", ["", "3", "0/8", "9/8", "1/0", "a/b", "1/2/3", "-1/2", "1/99999", "1 /2", "١/٢"]
)
def test_what_is_no_shard_is_one_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--shard .*: write I/N"):
        parse("shard", text)
