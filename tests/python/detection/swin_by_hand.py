"""Swin's features token by token: windows by coordinates, masks by regions, padded, then rolled."""

import math

import torch
from torch.nn import functional as F


def features(swin, images):
    """What SwinFeatures gives, [height, width, channels] a stage, of one image [1, 3, h, w]."""
    body, results = swin.body, []
    x = _patches(body.patch_embed, images[0])
    for stage, norm in zip(body.layers, swin.norms, strict=True):
        if hasattr(stage.downsample, "reduction"):
            x = _merged(stage.downsample, x)
        for block in stage.blocks:
            x = x + attended(block, block.norm1(x), torch.zeros(x.shape[-1]))
            x = x + block.mlp(block.norm2(x))
        results.append(norm(x))
    return results


def _patches(embed, image):
    side = embed.patch_size[0]
    height, width = (-(-n // side) for n in image.shape[1:])
    padded = torch.zeros(3, height * side, width * side)
    padded[:, :image.shape[1], :image.shape[2]] = image
    rows = [[padded[:, i * side:(i + 1) * side, j * side:(j + 1) * side].flatten()
             for j in range(width)] for i in range(height)]
    x = torch.stack([torch.stack(row) for row in rows])
    return embed.norm(F.linear(x, embed.proj.weight.flatten(1), embed.proj.bias))


def _merged(merging, x):
    height, width, channels = x.shape
    rows = torch.zeros(-(-height // 2), -(-width // 2), 4 * channels)
    for i in range(height):
        for j in range(width):
            part = 2 * (j % 2) + i % 2
            rows[i // 2, j // 2, part * channels:(part + 1) * channels] = x[i, j]
    return merging.reduction(merging.norm(rows))


def regions(size, window, shift):
    """Which of three bands a padded and rolled coordinate is in: those of two are not
    neighbours."""
    return [0 if n < size - window else 1 if n < size - shift else 2 for n in range(size)]


def attended(block, x, pad):
    """A block's attention for each padded place on its own; ``pad`` stands in what is padded."""
    height, width, _ = x.shape
    (wh, ww), (sh, sw) = block.window_size, block.shift_size
    tall, wide = math.ceil(height / wh) * wh, math.ceil(width / ww) * ww
    down, across = (regions(n, w, s) if s else [0] * n
                    for n, w, s in ((tall, wh, sh), (wide, ww, sw)))
    result, attn = torch.zeros_like(x), block.attn
    heads, scale = attn.num_heads, attn.scale
    for top in range(0, tall, wh):
        for left in range(0, wide, ww):
            places = [(i, j) for i in range(top, top + wh) for j in range(left, left + ww)]
            sources = [((i + sh) % tall, (j + sw) % wide) for i, j in places]
            tokens = torch.stack([x[i, j] if i < height and j < width else pad
                                  for i, j in sources])
            q, k, v = (part.unflatten(1, (heads, -1)).transpose(0, 1)
                       for part in attn.qkv(tokens).chunk(3, dim=1))
            logits = scale * q @ k.mT
            for a, (i, j) in enumerate(places):
                for b, (m, n) in enumerate(places):
                    row = (i - m + wh - 1) * (2 * ww - 1) + j - n + ww - 1
                    logits[:, a, b] += attn.relative_position_bias_table[row]
                    if (down[i], across[j]) != (down[m], across[n]):
                        logits[:, a, b] -= 100
            y = attn.proj((logits.softmax(-1) @ v).transpose(0, 1).flatten(1))
            for (i, j), row in zip(sources, y, strict=True):
                if i < height and j < width:
                    result[i, j] = row
    return result
