"""PSAQ-ViT's parts: Softmax behind quantized logits, images made from noise."""
