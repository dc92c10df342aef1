import importlib.util
import re

import pytest
from PIL import Image

from tests.python.explore.report import synthetic
from vit2rtl.explore.report import output, write

DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")


def test_page_and_picture_are_the_same_but_for_the_date(tmp_path):
    results = synthetic.results(methods=("repq",), widths=(4, 8), devices=("xcup",))
    first, second = ([path.read_bytes() for path in write(results, tmp_path / name)]
                     for name in "ab")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["front.png", "report.html"]
    assert first[0] == second[0]
    pages = [DATE.sub("", page.decode()) for page in (first[1], second[1])]
    assert pages[0] == pages[1] != first[1].decode()


def test_without_the_extra_there_is_the_picture_and_a_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(output, "find_spec",
                        lambda name: name != "altair" and importlib.util.find_spec(name))
    (path,) = write(synthetic.results(devices=("xcup",)), tmp_path)
    assert [path] == [*tmp_path.iterdir()] == [tmp_path / "front.png"]
    with Image.open(path) as picture:
        assert picture.width == 1320
    assert capsys.readouterr().err == (
        "report.html needs more packages: pip install 'vit2rtl[report]'\n")


@pytest.mark.parametrize("rows", [
    [],
    [{"name": "a", "status": "failed", "error": "no"}],
    [{"name": "a", "method": "repq", "sqnr_db": 9.0, "top1": 90.0}],
])
def test_a_report_of_little(rows, tmp_path):
    written = write({"rows": rows}, tmp_path)
    assert [path.name for path in written] == ["front.png", "report.html"]


def test_a_file_in_the_folders_place_is_named(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(NotADirectoryError, match=r"^Output must be a folder, and .*a is a file$"):
        write({}, tmp_path / "a")
