"""Cells: which are run, what their results depend on, and what is kept of them."""

from dataclasses import replace

import pytest

from vit2rtl.farm.task import Task
from vit2rtl.reproduction.cells import Setup, cells_of, check_names
from vit2rtl.reproduction.published import TABLES

SETUP = Setup("deit", "abc", ("a.png", "b.png"), ("c.png", "d.png"))
APQ = "APQ-ViT (re-implementation)"
RECIPE = {"method": "repq", "weight_bits": 4}


def chosen(name, *, models=("deit_tiny",), bits=(), methods=(), without=("psaq",)):
    return [(cell.line.title, cell.line.bits)
            for cell in cells_of(TABLES[name], models, bits, methods, without)]


def test_what_can_be_run_of_a_table_searches_last():
    assert chosen("table1") == [
        ("Full precision", ""), ("FQ-ViT", "w4a4"), ("RepQ-ViT", "w4a4"), ("FQ-ViT", "w6a6"),
        ("RepQ-ViT", "w6a6"), ("PTQ4ViT", "w4a4"), (APQ, "w4a4"), ("PTQ4ViT", "w6a6"),
        (APQ, "w6a6")]
    assert chosen("table1", bits=["w6a6"], methods=["repq", "fq"]) == [
        ("Full precision", ""), ("FQ-ViT", "w6a6"), ("RepQ-ViT", "w6a6")]
    assert chosen("table1", bits=["w6a6"], methods=["psaq", "repq"], without=()) == [
        ("Full precision", ""), ("RepQ-ViT", "w6a6"), ("PSAQ-ViT", "w6a6")]
    # A stand-in says nothing where nothing is published of what it stands for.
    assert chosen("table1", models=["deit_tiny", "deit_small"], methods=["ranking"]) == [
        ("Full precision", ""), ("Full precision", ""), ("Ranking (stand-in)", "w6a6")]
    assert len(chosen("table3", models=("deit_small", "swin_small"))) == 8


def test_a_result_depends_on_all_that_it_was_measured_with():
    others = [
        SETUP.identity(RECIPE | {"weight_bits": 5}), SETUP.identity(None),
        *(replace(SETUP, **change).identity(RECIPE) for change in (
            {"name": "vit"}, {"weights": "abd"}, {"calibration": ("a.png",)},
            {"measured": ("d.png", "c.png")}))]
    keys = {Task("module:name", 1, identity).key for identity in [SETUP.identity(RECIPE), *others]}
    assert len(keys) == 1 + len(others)
    # Method psaq has images of its own.
    made = replace(SETUP, generated={"iterations": 30, "seed": 0})
    psaq = RECIPE | {"method": "psaq"}
    assert made.identity(RECIPE) == SETUP.identity(RECIPE)
    assert made.identity(psaq) == replace(made, calibration=("x.png",)).identity(psaq)
    assert made.identity(psaq) != replace(
        made, generated={"iterations": 31, "seed": 0}).identity(psaq)
    # The float network has no calibration.
    assert SETUP.identity(None) == replace(SETUP, calibration=("x.png",)).identity(None)


def test_a_model_of_no_table():
    with pytest.raises(ValueError, match=r"^Models must be of vit_small, .*, not 'resnet50'$"):
        check_names(["deit_tiny", "resnet50"])
