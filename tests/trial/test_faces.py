"""A unit is one file a face: counted for units on trial and for those of the product."""

from pathlib import Path

import pytest

from vit2rtl.golden.units import UNITS, Instance, directed_records
from vit2rtl.rtl import component
from vit2rtl.sim.formal import claims

ROOT = Path(__file__).parents[2]
FACES = ("golden", "rtl", "sim", "references")
# Where a unit of the product has its faces; what golden/arithmetic and rtl/engine have by a unit's
# name is the contract's and the engine's.
HOMES = ("golden/units", "rtl/units", "sim/units", "rtl/synthesis/references", "docs/units")
FOLDERS = ("golden", "rtl", "sim", "python", "benchmarks", "docs")


def files_named(name, *folders):
    """Files and packages of that name, below some folders."""
    places = (path for folder in folders for path in (ROOT / folder).rglob(f"{name}*"))
    return sorted(
        path.relative_to(ROOT).with_suffix("").as_posix() for path in places
        if path.stem == name and path.suffix in ("", ".py", ".md")
    )


@pytest.mark.parametrize("name", ["row_maximum", "table_lookup"])
def test_a_unit_on_trial_is_one_file_a_face(name):
    assert files_named(name, "tests/trial") == sorted(f"tests/trial/{f}/{name}" for f in FACES)
    assert files_named(name, *FOLDERS) == []


@pytest.mark.parametrize("face", ["golden", "rtl"])
def test_the_page_shows_the_unit_on_trial_as_it_is(face):
    page = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
    text = (ROOT / "tests" / "trial" / face / "row_maximum.py").read_text(encoding="utf-8")
    assert f"```python\n{text}```\n" in page


@pytest.mark.parametrize("name", ["log2_dequantizer", "log_sqrt2_quantizer", "requantizer",
                                  "epilogue", "gelu"])
def test_a_unit_of_the_product_is_one_file_a_face(name):
    places = [p for p in files_named(name, *FOLDERS)
              if not p.startswith(("golden/arithmetic/", "rtl/engine/"))]
    assert places == sorted(f"{home}/{name}" for home in HOMES)


def test_a_face_that_is_missing_is_a_sentence():
    with UNITS.extended("tests.trial.golden.bare"):
        instance = Instance.of("bare")
        for face, sentence in (
            (directed_records, "Unit bare has no directed cases: add them in "
                               "golden/units/bare.py"),
            (component, "Unit bare has no component: add COMPONENT in rtl/units/bare.py"),
            (lambda i: claims.claims(i.unit.name), "Unit bare has no"),
        ):
            with pytest.raises(ValueError) as caught:
                face(instance)
            assert str(caught.value).startswith(sentence)
