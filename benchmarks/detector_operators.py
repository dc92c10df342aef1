"""Detectors' operators in plain torch, and what they cost of a whole forward pass.

    python benchmarks/detector_operators.py [--json]

CPU seconds of one thread: RoIAlign of 1000 boxes, 16 to 195 pixels a side, on a map of 256 × 200 ×
304; suppression of 1000 boxes; and Mask R-CNN with Swin-T, random weights, on an image of 800 ×
1216. The last figure bounds how much slower that is than with operators that take no time at all,
and so than with torchvision's compiled ones.
"""

import argparse
import time
from types import ModuleType

import _deit_tiny as shared
import torch

from vit2rtl.detection import boxes, proposals, roi_align, transform
from vit2rtl.detection.config import DetectorConfig
from vit2rtl.detection.detector import Detector, build
from vit2rtl.detection.nms import nms

OPERATORS = ((roi_align, "roi_align"), (boxes, "batched_nms"), (proposals, "batched_nms"),
             (transform, "paste"))


def drawn_boxes(draw: torch.Generator) -> torch.Tensor:
    """float32[1000, 4] in an image of 800 × 1216."""
    corners = torch.rand(1000, 2, generator=draw) * torch.tensor([1000.0, 600.0])
    sides = torch.exp(torch.rand(1000, 2, generator=draw) * 2.5) * 16
    return torch.cat([corners, torch.minimum(corners + sides, torch.tensor([1216.0, 800.0]))], 1)


def published() -> Detector:
    """Of the published sizes; logits so wide that random weights find something."""
    torch.manual_seed(0)
    detector = build(DetectorConfig(tuple(map(str, range(80))), tuple(range(80)))).eval()
    torch.nn.init.normal_(detector.roi_heads.box_predictor.cls_score.weight, std=4.0)
    return detector


class Clock:
    """CPU seconds spent in functions of modules, from when they are wrapped."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def wrap(self, module: ModuleType, name: str) -> None:
        function = getattr(module, name)

        def timed(*arguments, **options):
            started = time.process_time()
            result = function(*arguments, **options)
            self.seconds += time.process_time() - started
            return result

        setattr(module, name, timed)


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="the best of so many runs counts")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    draw = torch.Generator().manual_seed(0)
    features, drawn = torch.randn(1, 256, 200, 304, generator=draw), drawn_boxes(draw)
    images, scores = torch.zeros(1000, dtype=torch.int64), torch.rand(1000, generator=draw)
    aligned = shared.cpu_seconds(
        lambda: roi_align.roi_align(features, drawn, images, 7, 1 / 4), options.repeats)
    suppressed = shared.cpu_seconds(lambda: nms(drawn, scores, 0.7), options.repeats)
    detector, image, clock = published(), torch.rand(3, 800, 1216, generator=draw), Clock()
    for module, name in OPERATORS:
        clock.wrap(module, name)
    with torch.inference_mode():
        found, = detector([image])
    forward, spent = shared.cpu_seconds(lambda: detector([image]), 1), clock.seconds / 2
    shared.report(options, {
        "roi_align_1000_seconds": aligned, "nms_1000_seconds": suppressed,
        "forward_seconds": forward, "operators_seconds": spent, "objects": len(found["scores"]),
        "forward_over_compiled_at_most": forward / (forward - spent)})


if __name__ == "__main__":
    main()
