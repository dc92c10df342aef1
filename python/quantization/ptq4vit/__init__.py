"""The search of PTQ4ViT: what the float network sees, and scales that disturb its output least."""
