# SPDX-License-Identifier: MIT
"""How trits (-1, 0, +1) are stored in the files people have, both ways."""

import numpy as np

I2_S = 36  # the tensor type number that bitnet.cpp gives it; gguf knows it not


def pack_rows_by_four(trits):
    """Hugging Face's form: one byte holds the rows r, r + R, r + 2R, r + 3R of a column, R = rows / 4."""
    rows, columns = trits.shape
    assert rows % 4 == 0
    codes = (trits + 1).astype(np.uint8).reshape(4, rows // 4, columns)
    return codes[0] | codes[1] << 2 | codes[2] << 4 | codes[3] << 6


def unpack_rows_by_four(packed):
    codes = np.concatenate([packed >> shift & 3 for shift in (0, 2, 4, 6)])
    assert codes.max() <= 2
    return codes.astype(np.int8) - 1


def pack_i2_s(trits, scale):
    """128 codes of the flattened matrix in 32 bytes, the first 32 codes in the top bits; one float32 scale
    in the first four of 32 bytes at the end."""
    codes = (trits + 1).astype(np.uint8).reshape(-1, 4, 32)
    packed = codes[:, 0] << 6 | codes[:, 1] << 4 | codes[:, 2] << 2 | codes[:, 3]
    return np.frombuffer(packed.tobytes() + np.float32(scale).tobytes() + bytes(28), np.uint8)


def unpack_i2_s(data, shape):
    body = data[:-32].reshape(-1, 1, 32)
    codes = body >> np.array([6, 4, 2, 0], np.uint8)[None, :, None] & 3
    assert codes.max() <= 2
    return codes.astype(np.int8).reshape(shape) - 1, data[-32:-28].view(np.float32)[0]


def pack_tq2_0(trits, scale):
    """256 codes in 64 bytes, each half's first 32 codes in the bottom bits, and an f16 scale."""
    codes = (trits + 1).astype(np.uint8).reshape(-1, 2, 4, 32)
    packed = codes[:, :, 0] | codes[:, :, 1] << 2 | codes[:, :, 2] << 4 | codes[:, :, 3] << 6
    blocks = np.empty((len(codes), 66), np.uint8)
    blocks[:, :64] = packed.reshape(-1, 64)
    blocks[:, 64:] = np.frombuffer(np.float16(scale).tobytes(), np.uint8)
    return blocks.reshape(trits.shape[0], -1)


def to_bf16(values):
    """Raw BF16 of the nearest values, ties to even."""
    words = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((words + 0x7FFF + (words >> 16 & 1)) >> 16).astype(np.uint16)


def from_bf16(raw):
    return (raw.astype(np.uint32) << 16).view(np.float32)


def round_bf16(values):
    return from_bf16(to_bf16(values))
