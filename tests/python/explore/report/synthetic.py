"""Results of explorations that nobody ran, in the shape of ``results.json``."""

import itertools
import math

import numpy as np

METHODS = ("repq", "fq-vit", "closed-form", "apq")
WIDTHS = (2, 3, 4, 6, 8)
ARRAYS = {"8x8": 64, "16x16": 256}
DEVICES = ("LFE5U-25F", "LFE5U-85F")
LAYERS = ["patch_embed.proj", "head",
          *(f"blocks.{n}.{layer}" for n in range(4)
            for layer in ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"))]
BUDGETS = (0.2, 0.25, 0.3, 0.4)


def row(name, method, weights, activations, array, device, *, offset=0.0, mixed=None, mac="digit"):
    digits = math.ceil(weights / 4) * math.ceil(activations / 4) if mac == "digit" else 1
    lanes = ARRAYS[array]
    sqnr = 4.2 * min(weights, activations) + 1.1 * max(weights, activations) - 6 + offset
    top1 = 97.8 - 60 * math.exp(-max(sqnr, 0) / 4)
    cycles = round(10_900_000 * digits / lanes) + 1200
    area = 43 if mac == "digit" else 1.5 * weights * activations + 4.5 * activations
    logic = round(lanes * area + 2100 + 20 * weights)
    parts = {"MACs": 0.1 * weights * activations / 16, "accumulators": 0.05 * digits,
             "memory": 0.02 * weights}
    return {
        "name": name, "method": method, "weights": weights, "activations": activations,
        "mixed": mixed, "array": array, "mac": mac, "packed": 0, "groups": 2, "device": device,
        "sqnr_db": sqnr, "sqnr_summed_db": sqnr - 1, "top1": top1, "top1_low": top1 - 1.5,
        "top1_high": min(top1 + 1.2, 100), "float_top1": 98.0,
        "predicted_db": sqnr + 0.9 if mixed else None,
        "cycles": cycles, "utilization": 0.87, "cells": {"COMB": logic, "FF": 2 * logic},
        "logic": logic, "multipliers": 20, "memories": 31 + lanes // 8,
        "fits": device != "LFE5U-25F" or lanes < 100, "area_source": "table",
        "energy": sum(parts.values()), "energy_parts": parts,
        "weight_bytes": 25_200 * weights, "bops": weights * activations / 64,
        "status": "done", "error": None, "front": False,
    }


def add_front(rows):
    """Marks the rows that no other of their device beats in accuracy, cycles and area."""
    for device in {one["device"] for one in rows}:
        ours = [one for one in rows if one["device"] == device]
        costs = np.array([(-one["sqnr_db"], one["cycles"], one["logic"]) for one in ours])
        for one, cost in zip(ours, costs, strict=True):
            one["front"] = not ((costs <= cost).all(1) & (costs < cost).any(1)).any()


def results(*, methods=METHODS, widths=WIDTHS, arrays=tuple(ARRAYS), devices=DEVICES,
            macs=("digit", "native"), mixed=True):
    """The demo's size by default: 4 methods x 25 widths x 2 arrays x 2 devices, and what failed."""
    rows = []
    bits = {}
    for n, method in enumerate(methods):
        for weights, activations, array, device, mac in itertools.product(
                widths, widths, arrays, devices, macs):
            name = f"w{weights}a{activations} {method}"
            offset = -1.3 * n + math.sin(7 * weights + activations)
            rows.append(row(name, method, weights, activations, array, device, mac=mac,
                            offset=offset))
    for budget, array, device in itertools.product(BUDGETS if mixed else (), arrays, devices):
        name = f"mixed {budget:g} {methods[0]}"
        rows.append(row(name, methods[0], 4, 4, array, device, offset=20 * (budget - 0.18),
                        mixed=f"cycles {budget:g}"))
        rows[-1]["cycles"] = round(rows[-1]["cycles"] * budget / 0.25)
        bits[name] = {layer: [(4, 8, 3, 6)[(k + round(20 * budget)) % 4], 4 + 4 * (k % 3 == 0)]
                      for k, layer in enumerate(LAYERS)}
    add_front(rows)
    for array in arrays:
        one = row("w4a4 psaq", "psaq", 4, 4, array, devices[0])
        unknown = dict.fromkeys(key for key in one if one[key].__class__ in (float, int, dict))
        rows.append({**one, **unknown, "weights": 4, "activations": 4, "status": "failed",
                     "error": "ValueError: psaq needs two blocks at least"})
    rows.append({"name": "w8a8 repq", "array": "32x32", "device": devices[0],
                 "status": "rejected", "error": "44,032 COMB of 24,288 for the array alone"})
    rows.append({"name": "w6a6 repq", "status": "lost", "error": None})
    sensitivity = [
        {"group": layer, "weights": w, "activations": w, "anchor": anchor,
         "sqnr_db": 30 - 40 / w - (17 * k % 11) * 4 / w, "noise": 0.01 * k}
        for anchor in ("W8/A8", "W4/A4") for k, layer in enumerate(LAYERS) for w in (3, 4, 6)
    ]
    return {
        "space": {"model": "mnist_vit", "recipe": {"weights": list(widths)}},
        "provenance": {"vit2rtl": "0.1.0", "model": "mnist_vit", "weights": "sha256 12ab",
                       "images": 500, "calibration": 32, "packages": {"torch": "2.13.0"},
                       "cycles_model": "schedule of the compiler, within 1 % of the RTL",
                       "area_model": "table of yosys runs; fits within 7.3 %",
                       "energy_model": "Horowitz 2014, 45 nm"},
        "rows": rows, "bits": bits, "sensitivity": sensitivity,
    }


def many(count):
    """As many rows that are done, of eight methods."""
    whole = results(methods=[f"method-{n}" for n in range(8)], widths=range(2, 9),
                    arrays=("8x8", "16x16"), devices=("LFE5U-25F", "LFE5U-85F", "xcup"))
    done = [one for one in whole["rows"] if one["status"] == "done"][:count]
    assert len(done) == count
    return {**whole, "rows": done}
