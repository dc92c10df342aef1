"""Search of APQ-ViT: errors where they leave a block."""
