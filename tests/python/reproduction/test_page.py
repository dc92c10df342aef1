"""The page of a table: three numbers a cell, orders, and what has no result."""

import pytest

from vit2rtl.reproduction.page import document, half_width, markdown, order
from vit2rtl.reproduction.published import TABLES

TABLE1 = TABLES["table1"]
PLACES = {(line.title, line.bits): place for place, line in enumerate(TABLE1.lines)}


def results(**top1):
    """Of DeiT-T at 4 bits: measured top-1 of 10,000 images by the method's first letters."""
    titles = {"fq": "FQ-ViT", "ptq": "PTQ4ViT", "repq": "RepQ-ViT"}
    return {(PLACES[titles[name], "w4a4"], "deit_tiny"): {
        "top1": value, "images": 10_000, "sqnr": value / 10} for name, value in top1.items()}


def test_the_half_width_is_that_of_a_binomial_share():
    assert half_width(50, 100) == pytest.approx(9.8)
    assert half_width(79.8, 218) == pytest.approx(5.33, abs=0.01)
    assert half_width(100, 7) == half_width(0, 7) == 0


def test_a_cell_has_ours_the_published_one_and_the_difference():
    text = markdown(TABLE1, ["deit_tiny"], results(repq=58.0) | {
        (0, "deit_tiny"): {"top1": 72.0, "images": 10_000}})
    lines = text.splitlines()
    assert lines[0] == "# Table 1: image classification, on a subset of 10,000 images"
    assert "| Method | W/A | DeiT-T |" in lines
    assert "| Full precision | 32/32 | 72.00; 72.21; -0.21 ± 0.88 |" in lines
    assert "| RepQ-ViT | W4/A4 | 58.00; 57.43; +0.57 ± 0.97 |" in lines
    assert "| APQ-ViT (re-implementation) | W4/A4 | not run; 47.94 |" in lines
    assert "| Ranking (stand-in) | W6/A6 | not reproduced (no public code) |" in lines
    assert "| PTQ4ViT | W6/A6 | not run; 69.68 |" in lines


def test_a_stand_in_is_not_reproduced_where_there_is_nothing_to_compare():
    place = PLACES["Ranking (stand-in)", "w6a6"]
    text = markdown(TABLE1, ["deit_tiny", "deit_small", "deit_base"], {
        (place, "deit_small"): {"top1": 74.0, "images": 10_000, "sqnr": 5.0}})
    assert ("| Ranking (stand-in) | W6/A6 | not reproduced (no public code) | "
            "74.00; 74.58; -0.58 ± 0.86 | not run; 77.02 |") in text.splitlines()


def test_orders_are_those_published_or_within_the_noise():
    said = [*order(TABLE1, ["deit_tiny"], results(fq=0.1, ptq=40, repq=57))]
    assert said == ["order of methods: 3 of 3 pairs as published, or within the noise"]
    # 1.3 points of 10,000 images are noise, 3 are not.
    assert len([*order(TABLE1, ["deit_tiny"], results(ptq=41.3, repq=40))]) == 1
    assert [*order(TABLE1, ["deit_tiny"], results(ptq=43, repq=40))] == [
        "order of methods: 0 of 1 pairs as published, or within the noise",
        "DeiT-T w4a4: PTQ4ViT and RepQ-ViT are +3.00 points apart, published -20.47 (noise 1.37)"]
    assert [*order(TABLE1, ["deit_tiny"], results(repq=40))] == []


def test_sqnr_ranks_and_refusals_are_stated():
    measured = results(ptq=40, repq=57)
    measured[PLACES["FQ-ViT", "w4a4"], "deit_tiny"] = {
        "top1": 0.1, "images": 10_000, "refused": "steps are too wide"}
    text = markdown(TABLE1, ["deit_tiny"], measured)
    assert "- DeiT-T w4a4, SQNR of the logits: RepQ-ViT 5.70 dB, PTQ4ViT 4.00 dB\n" in text
    assert "| FQ-ViT | W4/A4 | 0.10 (chance: no result); 0.10; +0.00 ± 0.06 |\n" in text
    assert text.endswith("- DeiT-T w4a4 FQ-ViT: steps are too wide\n")


def test_costs_are_in_forward_passes_beside_the_published_minutes():
    table = TABLES["table5"]
    text = markdown(table, ["deit_small"], {(3, "deit_small"): {
        "top1": 69.0, "images": 1000, "calibration_cpu_seconds": 8.0, "forward_cpu_seconds": 2.0,
        "calibration_images": 32}})
    assert ("69.00; 69.03; -0.03 ± 2.87; 4.0 forward passes of 32 images; published: 1.3 GPU "
            "minutes, 32 images |") in text


def test_the_document_has_every_cell():
    found = document(TABLE1, ["deit_tiny", "vit_base"], results(repq=57))
    assert len(found["cells"]) == 2 * len(TABLE1.lines)
    (cell,) = [cell for cell in found["cells"] if cell["measured"]]
    assert (cell["model"], cell["method"], cell["bits"], cell["published"]) == (
        "deit_tiny_patch16_224.fb_in1k", "RepQ-ViT", "w4a4", 57.43)
    assert cell["half_width"] == pytest.approx(half_width(57, 10_000))
