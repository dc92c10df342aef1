"""The embedded model: a small Vision Transformer for handwritten digits that ships as data."""

from vit2rtl.models.embedded.model import MODEL_NAME, architecture, create, images, pixels_of

__all__ = ["MODEL_NAME", "architecture", "create", "images", "pixels_of"]
