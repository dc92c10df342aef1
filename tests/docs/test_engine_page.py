"""docs/engine.md states the configurations as the code has them."""

import re
from dataclasses import fields
from pathlib import Path

from vit2rtl.golden.engine.configuration import (
    CONFIGURATIONS,
    DEIT_TINY,
    DEIT_TINY_8,
    SMALL,
    Configuration,
)
from vit2rtl.golden.engine.errors import TITLES

PAGE = (Path(__file__).parents[2] / "docs" / "engine.md").read_text(encoding="utf-8")


def test_the_table_of_configurations():
    section = PAGE.partition("## Configurations")[2].partition("\n## ")[0]
    stated = {}
    for names, small, tiny in re.findall(r"^\| (`.*?`) \| ([\d, ]+) \| ([\d, ]+) \|", section,
                                         re.MULTILINE):
        names = re.findall(r"`(\w+)`", names)
        for values, owner in ((small, "small"), (tiny, "deit-tiny")):
            numbers = [int(value) for value in values.split(", ")]
            numbers *= len(names) // len(numbers)
            stated |= {(owner, name): value for name, value in zip(names, numbers, strict=True)}
    sizes = [field.name for field in fields(Configuration) if field.name != "name"]
    assert stated == {(c.name, name): getattr(c, name) for c in (SMALL, DEIT_TINY)
                      for name in sizes}


def test_the_others_are_deit_tiny_with_larger_buffers():
    """197 tokens of 384 and 768 channels, whose streams, codes and hidden codes have room."""
    for name, channels in (("deit-small", 384), ("deit-base", 768)):
        c = CONFIGURATIONS[name]
        changed = {"channels": channels, "acc_width": 22, "hidden": 4 * 197 * channels,
                   **dict.fromkeys(("stream", "normalized", "projected"), 197 * channels)}
        assert vars(c) == vars(DEIT_TINY) | changed | {"name": name}
    codes = {"normalized": 2 * 197 * 192, "projected": 2 * 197 * 192, "hidden": 2 * 197 * 768}
    widths = {"attention_bits": 8, "attention_acc_width": 28, "code_bits": 8, "logit_width": 16,
              "rom_bits": 10, "acc_width": 27}
    assert vars(DEIT_TINY_8) == vars(DEIT_TINY) | codes | widths | {"name": "deit-tiny-8"}


def test_the_table_of_errors():
    section = PAGE.partition("### When something is wrong")[2].partition("\n### ")[0]
    stated = re.findall(r"^\| (\d+) \| (.+) \|$", section, re.MULTILINE)
    assert stated == [(str(int(error)), title) for error, title in TITLES.items()]
