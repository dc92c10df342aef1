import pytest

from vit2rtl.golden.files import atomic
from vit2rtl.golden.files.paths import resolved


def test_links_are_followed(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    assert resolved(tmp_path / "link" / "new") == tmp_path.resolve() / "there" / "new"


def test_a_circle_is_one_sentence(tmp_path):
    a, b, self = tmp_path / "a", tmp_path / "b", tmp_path / "self"
    a.symlink_to(b)
    b.symlink_to(a)
    self.symlink_to("self")
    for path in (a, b, self):
        with pytest.raises(ValueError, match=f"^{path} is a link that leads back to itself$"):
            resolved(path)
    with pytest.raises(ValueError, match=f"^{self} is a link that leads back to itself$"):
        atomic.check(self, kind="bundle", parts=lambda folder: None)
