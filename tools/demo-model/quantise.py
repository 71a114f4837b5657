"""Q4_K and Q6_K: from float32 to blocks and back, over whole matrices at once (numpy).

A block holds 256 consecutive elements of a row. Encoding looks for the scales with the least squared error,
each element weighted by its size, since large weights move the result most.
"""

import numpy as np

BLOCK = 256


def _fit_affine(x, weight, levels):
    """Scale s and offset m with x ~ s * q + m for integers q in 0..levels: the best of a search.

    x, weight: (groups, elements). m is never above 0, as the format stores -m without a sign.
    Returns (scale, offset), one per group.
    """
    low, high = np.minimum(x.min(1), 0), x.max(1)
    spread = np.maximum(high - low, 1e-30)
    total, weighted = weight.sum(1), (weight * x).sum(1)
    best = np.full(len(x), np.inf, np.float32)
    scale, offset = spread / levels, low
    for step in np.linspace(-1.0, 1.0, 21):
        inverse = (levels + step) / spread
        q = np.clip(np.rint((x - low[:, None]) * inverse[:, None]), 0, levels)
        wq = weight * q
        sum_q, sum_qq, sum_qx = wq.sum(1), (wq * q).sum(1), (wq * x).sum(1)
        determinant = total * sum_qq - sum_q**2
        solvable = determinant > 1e-30
        determinant = np.where(solvable, determinant, 1)
        s = (total * sum_qx - sum_q * weighted) / determinant
        m = (sum_qq * weighted - sum_q * sum_qx) / determinant
        positive = m > 0
        s = np.where(positive, sum_qx / np.maximum(sum_qq, 1e-30), s)
        m = np.where(positive, 0, m)
        error = (weight * (s[:, None] * q + m[:, None] - x) ** 2).sum(1)
        better = solvable & (s > 0) & (error < best)
        best, scale, offset = np.where(better, error, best), np.where(better, s, scale), np.where(better, m, offset)
    return scale, offset


def _half(values):
    """Rounded to float16, as float32."""
    return values.astype(np.float16).astype(np.float32)


def _inverse(values):
    return np.divide(1, values, out=np.zeros_like(values), where=values != 0)


def encode_q4_k(matrix):
    """Bytes of a float32 matrix whose rows are multiples of 256."""
    x = np.ascontiguousarray(matrix, np.float32).reshape(-1, 32)
    weight = np.sqrt((x**2).mean(1, keepdims=True)) + np.abs(x)
    scale, offset = _fit_affine(x, weight, 15)
    scale, minimum = scale.reshape(-1, 8), -offset.reshape(-1, 8)
    d, dmin = _half(scale.max(1) / 63), _half(minimum.max(1) / 63)
    scale6 = np.clip(np.rint(scale * _inverse(d)[:, None]), 0, 63)
    minimum6 = np.clip(np.rint(minimum * _inverse(dmin)[:, None]), 0, 63)
    x = x.reshape(-1, 8, 32)
    step, base = (d[:, None] * scale6)[..., None], (dmin[:, None] * minimum6)[..., None]
    q = np.clip(np.rint((x + base) * _inverse(step)), 0, 15).astype(np.uint8)
    blocks = np.empty((len(q), 144), np.uint8)
    blocks[:, 0:2] = d.astype(np.float16)[:, None].view(np.uint8)
    blocks[:, 2:4] = dmin.astype(np.float16)[:, None].view(np.uint8)
    s, m = scale6.astype(np.uint8), minimum6.astype(np.uint8)
    blocks[:, 4:8] = s[:, :4] | (s[:, 4:] >> 4 << 6)
    blocks[:, 8:12] = m[:, :4] | (m[:, 4:] >> 4 << 6)
    blocks[:, 12:16] = (s[:, 4:] & 15) | (m[:, 4:] & 15) << 4
    blocks[:, 16:] = (q[:, 0::2] | q[:, 1::2] << 4).reshape(-1, 128)
    return blocks.tobytes()


def decode_q4_k(data):
    """float32 values of Q4_K blocks, flat."""
    blocks = np.frombuffer(data, np.uint8).reshape(-1, 144)
    d, dmin = blocks[:, 0:4].copy().view(np.float16).astype(np.float32).T
    first, second, last = blocks[:, 4:8], blocks[:, 8:12], blocks[:, 12:16]
    scale = np.concatenate((first & 63, (last & 15) | first >> 6 << 4), 1).astype(np.float32)
    minimum = np.concatenate((second & 63, last >> 4 | second >> 6 << 4), 1).astype(np.float32)
    packed = blocks[:, 16:].reshape(-1, 4, 1, 32)
    q = np.concatenate((packed & 15, packed >> 4), 2).reshape(-1, 8, 32).astype(np.float32)
    return ((d[:, None] * scale)[..., None] * q - (dmin[:, None] * minimum)[..., None]).reshape(-1)


def _fit_symmetric(x, weight):
    """Scale s (of either sign) with x ~ s * q for integers q in -32..31."""
    largest = np.take_along_axis(x, np.abs(x).argmax(1)[:, None], 1)[:, 0]
    safe = np.where(largest == 0, 1, largest)
    best, scale = np.full(len(x), -np.inf, np.float32), np.zeros(len(x), np.float32)
    for step in np.linspace(-1.5, 1.5, 21):
        q = np.clip(np.rint(x * (-(32 + step) / safe)[:, None]), -32, 31)
        sum_qx, sum_qq = (weight * q * x).sum(1), (weight * q * q).sum(1)
        # The error with the best scale for these q is constant minus this.
        gain = sum_qx**2 / np.maximum(sum_qq, 1e-30)
        better = gain > best
        best, scale = np.where(better, gain, best), np.where(better, sum_qx / np.maximum(sum_qq, 1e-30), scale)
    return np.where(largest == 0, 0, scale)


def encode_q6_k(matrix):
    """Bytes of a float32 matrix whose rows are multiples of 256."""
    x = np.ascontiguousarray(matrix, np.float32).reshape(-1, 16)
    scale = _fit_symmetric(x, x**2).reshape(-1, 16)
    largest = np.take_along_axis(scale, np.abs(scale).argmax(1)[:, None], 1)[:, 0]
    d = _half(largest / -128)
    scale8 = np.clip(np.rint(scale * _inverse(d)[:, None]), -128, 127)
    step = (d[:, None] * scale8)[..., None]
    q = np.clip(np.rint(x.reshape(-1, 16, 16) * _inverse(step)), -32, 31).astype(np.int8) + 32
    q = q.astype(np.uint8).reshape(-1, 2, 4, 32)
    blocks = np.empty((len(q), 210), np.uint8)
    blocks[:, :128] = ((q[:, :, :2] & 15) | (q[:, :, 2:] & 15) << 4).reshape(-1, 128)
    high = q >> 4
    blocks[:, 128:192] = sum(high[:, :, i] << 2 * i for i in range(4)).reshape(-1, 64)
    blocks[:, 192:208] = scale8.astype(np.int8).view(np.uint8)
    blocks[:, 208:] = d.astype(np.float16)[:, None].view(np.uint8)
    return blocks.tobytes()


def decode_q6_k(data):
    """float32 values of Q6_K blocks, flat."""
    blocks = np.frombuffer(data, np.uint8).reshape(-1, 210)
    low = blocks[:, :128].reshape(-1, 2, 2, 32)
    high = blocks[:, 128:192].reshape(-1, 2, 1, 32)
    shifts = np.array([0, 2, 4, 6], np.uint8)[:, None]
    q = np.concatenate((low & 15, low >> 4), 2) | (high >> shifts & 3) << 4
    scale = np.ascontiguousarray(blocks[:, 192:208]).view(np.int8).astype(np.float32)
    d = blocks[:, 208:].copy().view(np.float16).astype(np.float32)
    return ((d * scale)[..., None] * (q.reshape(-1, 16, 16).astype(np.float32) - 32)).reshape(-1)
