"""Numbers in sentences."""

from vit2rtl.golden.files.counts import counted


def test_one_is_singular():
    assert [counted(n, "row") for n in (0, 1, 2, 1000)] == [
        "0 rows", "1 row", "2 rows", "1,000 rows"]
