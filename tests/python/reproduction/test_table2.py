"""Table 2: the published figures as the paper says of them, and the page of ours."""

import pytest

from vit2rtl.reproduction import table2

PLACES = {(line.title, line.bits): place for place, line in enumerate(table2.LINES)}


def published(title, bits, model):
    return table2.LINES[PLACES[title, bits]].published[model]


def test_differences_are_those_of_the_paper_s_text():
    """Section 4.3: "RepQ-ViT improves over APQ-ViT by 12.4 box AP and 13.4 mask AP", ..."""
    def gain(one, other, bits, model):
        pairs = published(one, bits, model), published(other, other_bits[other, bits], model)
        return [round(a - b, 1) for a, b in zip(*pairs, strict=True)]

    other_bits = {("APQ-ViT", "w4a4"): "w4a4", ("Full precision", "w4a4"): "",
                  ("Full precision", "w6a6"): ""}
    mask_rcnn, cascade = "mask_rcnn_swin_tiny", "cascade_mask_rcnn_swin_tiny"
    assert gain("RepQ-ViT", "APQ-ViT", "w4a4", mask_rcnn) == [12.4, 13.4]
    assert gain("RepQ-ViT", "APQ-ViT", "w4a4", cascade) == [19.8, 17.0]
    assert gain("APQ-ViT", "Full precision", "w4a4", cascade) == [-23.2, -19.3]
    assert gain("RepQ-ViT", "Full precision", "w6a6", cascade) == [-0.4, -0.2]
    assert published("RepQ-ViT", "w6a6", "cascade_mask_rcnn_swin_small") == (51.4, 44.6)


def test_cells_are_the_float_detector_and_what_can_be_run():
    cells = table2.cells_of(["digit_detector"], [])
    assert [(cell.line.title, cell.line.bits) for cell in cells] == [
        ("Full precision", ""), ("RepQ-ViT", "w4a4"), ("RepQ-ViT", "w6a6")]
    cells = table2.cells_of(["digit_detector", "mask_rcnn_swin_tiny"], ["w6a6"])
    assert [(cell.model, cell.line.bits) for cell in cells] == [
        ("digit_detector", ""), ("digit_detector", "w6a6"),
        ("mask_rcnn_swin_tiny", ""), ("mask_rcnn_swin_tiny", "w6a6")]


def test_a_cell_has_ours_the_published_one_and_the_difference():
    model = "mask_rcnn_swin_tiny"
    results = {(PLACES["RepQ-ViT", "w4a4"], model): {
        "images": 5000, "box": {"ap": 35.0}, "mask": {"ap": 36.54}}}
    lines = table2.markdown([model], results).splitlines()
    assert lines[0] == (
        "# Table 2: object detection and instance segmentation, on 5,000 images")
    assert ("| Method | W/A | Mask R-CNN, Swin-T box AP | Mask R-CNN, Swin-T mask AP |") in lines
    assert "| Full precision | 32/32 | not run; 46.0 | not run; 41.6 |" in lines
    assert "| APQ-ViT | W4/A4 | not reproduced; 23.7 | not reproduced; 22.6 |" in lines
    assert "| RepQ-ViT | W4/A4 | 35.0; 36.1; -1.1 | 36.5; 36.0; +0.5 |" in lines
    cells = table2.document([model], results)["cells"]
    assert [cell["measured"] is not None for cell in cells] == [
        False, False, False, True, False, False, False]
    assert cells[3]["published"] == {"box": 36.1, "mask": 36.0}


def test_the_embedded_detector_has_no_published_figure():
    results = {(0, "digit_detector"): {"images": 8, "box": {"ap": 70.0}, "mask": {"ap": 50.0}}}
    lines = table2.markdown(["digit_detector"], results).splitlines()
    assert "| Full precision | 32/32 | 70.0 | 50.0 |" in lines
    assert table2.document(["digit_detector"], results)["cells"][0]["published"] is None


def test_models_that_are_not_of_the_table():
    with pytest.raises(ValueError, match=r"Models of table2 must be of mask_rcnn_swin_tiny, .*, "
                                         "not 'mnist_vit'"):
        table2.check_names(["digit_detector", "mnist_vit"])
