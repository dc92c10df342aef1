"""Registries: names in their order, modules when they are asked for, sentences for what lacks."""

import sys
from types import ModuleType

import pytest

from vit2rtl.golden.registry import Registry

MODULES = ("shapes.square", "shapes.circle")


@pytest.fixture
def shapes(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """Modules of a package that is on no disk: a square and a triangle have corners."""
    modules = {name: ModuleType(f"shapes.{name}") for name in ("square", "circle", "triangle")}
    modules["square"].CORNERS, modules["triangle"].CORNERS = 4, 3
    monkeypatch.setitem(sys.modules, "shapes", ModuleType("shapes"))
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, f"shapes.{name}", module)
    return modules


def corners(face: str = "corners") -> Registry[int]:
    return Registry(MODULES, attribute="CORNERS", title="Shape", face=face)


def test_names_keep_their_order_and_import_nothing():
    registry = corners()
    assert list(registry) == ["square", "circle"]
    assert len(registry) == 2
    assert "circle" in registry and "triangle" not in registry
    assert not [name for name in sys.modules if name.startswith("shapes")]


def test_an_entry_is_what_its_module_defines(shapes):
    assert corners()["square"] == 4


@pytest.mark.parametrize(
    ("name", "face", "text"),
    [
        ("circle", "corners", "Shape circle has no corners: add CORNERS in shapes/circle.py"),
        ("star", "corners", "Shape star has no corners: add CORNERS in shapes/star.py"),
        ("star", "", "Shape must be one of square, circle, not 'star'"),
    ],
)
def test_what_lacks_is_a_sentence(shapes, name, face, text):
    with pytest.raises(ValueError) as caught:
        corners(face)[name]
    assert str(caught.value) == text


def test_a_module_of_the_project_is_named_by_its_file():
    registry = Registry(
        ["vit2rtl.golden.registry"], attribute="FACE", title="Unit", face="bins of coverage"
    )
    with pytest.raises(ValueError) as caught:
        registry["registry"]
    assert str(caught.value) == (
        "Unit registry has no bins of coverage: add FACE in golden/registry.py"
    )


def test_extended_for_a_while_behind_the_others(shapes):
    registry = corners()
    with pytest.raises(RuntimeError), registry.extended("shapes.triangle"):
        assert list(registry) == ["square", "circle", "triangle"]
        assert registry["triangle"] == 3
        raise RuntimeError("a test that fails")
    assert list(registry) == ["square", "circle"]
