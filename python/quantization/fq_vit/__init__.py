"""FQ-ViT's parts: power-of-two factors, LayerNorm and Softmax on integers, ranges of extremes."""
