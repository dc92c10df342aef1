"""docs/engine-instructions.md is what the code says."""

from pathlib import Path

from vit2rtl.golden.engine.reference import page


def test_the_page_is_made_from_the_tables():
    written = Path(__file__).parents[2] / "docs" / "engine-instructions.md"
    assert written.read_text(encoding="utf-8") == page(), (
        "make it again: python -c 'from vit2rtl.golden.engine.reference import page; "
        "print(page(), end=\"\")' > docs/engine-instructions.md")
