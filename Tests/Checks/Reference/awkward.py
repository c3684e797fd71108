# SPDX-License-Identifier: MIT
"""Makes two small random models whose shapes fit no block, lane or group size.

Their ternary matrices are stored dense (F16, BF16, F32), because the packed
types want rows of a multiple of 256 weights. Nothing here is trained: the
embedding is spread so that the logits have a standard deviation of about 3.

    python3 awkward.py [DIRECTORY]
"""

import sys
from pathlib import Path
from types import SimpleNamespace

import gguf
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent.parent / "cluster" / "model"))

from container import ARCHITECTURE, add_shape, add_tokenizer  # noqa: E402
from corpus import stories  # noqa: E402
from tokenizer import train  # noqa: E402

F16, BF16, F32 = (gguf.GGMLQuantizationType[n] for n in ("F16", "BF16", "F32"))

SHAPES = {
    "awkward-336": SimpleNamespace(vocabulary=301, layers=2, hidden=336, heads=7, kv_heads=1, ffn=712,
                                   context=512, rope_base=500000.0, eps=1e-5, seed=336, types=[F16]),
    "awkward-90": SimpleNamespace(vocabulary=293, layers=3, hidden=90, heads=3, kv_heads=3, ffn=247,
                                  context=512, rope_base=10000.0, eps=1e-5, seed=90, types=[F32, BF16]),
}


def bf16(values):
    """Raw BF16 of values that are exact in it."""
    words = values.astype(np.float32).view(np.uint32)
    assert not np.any(words & 0xFFFF)
    return (words >> 16).astype(np.uint16)


def write(path, shape):
    rng = np.random.default_rng(shape.seed)
    writer = gguf.GGUFWriter(path, ARCHITECTURE)
    writer.add_name(path.stem)
    writer.add_description("Random ternary test model of an awkward shape; not trained.")
    writer.add_license("MIT")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    add_shape(writer, shape)
    add_tokenizer(writer, train(list(stories(1, 100_000)), shape.vocabulary))

    def dense(name, values):
        writer.add_tensor(name + ".weight", values)

    def norm(name, size):
        dense(name, rng.normal(1, 0.2, size).astype(np.float32))

    made = 0

    def matrix(name, outputs, inputs):
        nonlocal made
        kind = shape.types[made % len(shape.types)]
        made += 1
        trits = rng.integers(-1, 2, (outputs, inputs))
        # A scale of eight significant bits is exact in F16, BF16 and F32 alike.
        scale = int(rng.integers(128, 256)) / 256 / 2 ** round(np.log2(inputs) / 2)
        values = (trits * scale).astype(np.float32)
        if kind == BF16:
            writer.add_tensor(name + ".weight", bf16(values), raw_shape=values.shape, raw_dtype=BF16)
        else:
            dense(name, values.astype(np.float16) if kind == F16 else values)

    h, f, kv = shape.hidden, shape.ffn, shape.kv_heads * shape.hidden // shape.heads
    dense("token_embd", (rng.normal(0, 3 / np.sqrt(h), (shape.vocabulary, h))).astype(np.float16))
    norm("output_norm", h)
    for i in range(shape.layers):
        p = f"blk.{i}."
        norm(p + "attn_norm", h)
        matrix(p + "attn_q", h, h)
        matrix(p + "attn_k", kv, h)
        matrix(p + "attn_v", kv, h)
        norm(p + "attn_sub_norm", h)
        matrix(p + "attn_output", h, h)
        norm(p + "ffn_norm", h)
        matrix(p + "ffn_gate", f, h)
        matrix(p + "ffn_up", f, h)
        norm(p + "ffn_sub_norm", f)
        matrix(p + "ffn_down", h, f)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent.parent / "Golden"
    for name, shape in SHAPES.items():
        path = directory / f"{name}.gguf"
        write(path, shape)
        print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
