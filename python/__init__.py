"""vit2rtl: Vision Transformers, quantized by RepQ-ViT, as integers, vectors and Verilog."""

__version__ = "0.1.0"
