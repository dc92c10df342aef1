"""Verilog of an instance, and what people have to know of it."""

from vit2rtl.rtl.verilog.exporter import convert, modules, tools, write

__all__ = ["convert", "modules", "tools", "write"]
