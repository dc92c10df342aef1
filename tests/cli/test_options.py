"""Which images ``--list`` and ``--exclude`` leave, for commands with torch and without."""

import pytest

from vit2rtl.commands.options import choose_names

NAMES = ["a", "b", "c", "d"]


@pytest.fixture
def file(tmp_path):
    """``file(*names)``: a list of names in a file."""
    def write(*names):
        path = tmp_path / f"{'-'.join(names)}.txt"
        path.write_text("\n".join(names))
        return str(path)

    return write


def test_without_a_file_all_are_left():
    assert choose_names(NAMES, None) == NAMES


def test_the_order_is_that_of_the_list(file):
    assert choose_names(NAMES, file("d", "a", "b")) == ["d", "a", "b"]
    assert choose_names(NAMES, None, file("d", "a")) == ["b", "c"]
    assert choose_names(NAMES, file("d", "a", "b"), file("a")) == ["d", "b"]


def test_what_the_list_leaves_out_anyway_may_be_excluded(file):
    assert choose_names(NAMES, file("d", "a"), file("a", "b")) == ["d"]


@pytest.mark.parametrize("place", [0, 1])
def test_a_name_that_is_not_there_is_an_error(file, place):
    files = [None, None]
    files[place] = file("a", "e")
    with pytest.raises(ValueError, match=r"^The list names 'e', which is not among the images$"):
        choose_names(NAMES, *files)


def test_one_must_be_left(file):
    with pytest.raises(ValueError, match=r"^No images are left to use$"):
        choose_names(NAMES, file("a"), file("a", "b"))
