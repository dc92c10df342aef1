"""Detectors: Mask R-CNN and Cascade Mask R-CNN with Swin, from images to COCO's figures."""
