# SPDX-License-Identifier: MIT
"""Writes a GGUF of a well-known shape filled with random ternary weights.

The file means nothing as a language model; it has the sizes, types and
tensors that decide how fast one runs, and both llama.cpp and this project
load it. Weights are drawn tensor by tensor, so a model larger than memory
can be written. The same shape, seed and layer count give the same numbers
whichever TYPE holds them.

    python3 make_gguf.py SHAPE TYPE OUT [--layers N] [--seed N]
"""

import argparse
import itertools
import os
import string
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np

F16, TQ2_0 = gguf.GGMLQuantizationType.F16, gguf.GGMLQuantizationType.TQ2_0
FILE_TYPES = {TQ2_0: gguf.LlamaFileType.MOSTLY_TQ2_0, F16: gguf.LlamaFileType.MOSTLY_F16}

BLOCK = 256        # weights of a TQ2_0 block
BLOCK_BYTES = 66   # 64 bytes of codes, then an F16 scale
FIRST_SPECIAL = 128_000
SPECIAL_TOKENS = 256


@dataclass
class Shape:
    architecture: str
    layers: int
    hidden: int
    ffn: int
    heads: int
    kv_heads: int
    context: int
    has_sub_norms: bool
    has_tied_head: bool
    vocabulary: int = FIRST_SPECIAL + SPECIAL_TOKENS
    rope_base: float = 500_000.0
    eps: float = 1e-5


SHAPES = {
    # llama.cpp knows this network only under the older of its two names, and then runs it with SiLU.
    "2b-4t": Shape("bitnet", layers=30, hidden=2560, ffn=6912, heads=20, kv_heads=5, context=4096,
                   has_sub_norms=True, has_tied_head=True),
    "8b": Shape("llama", layers=32, hidden=4096, ffn=14336, heads=32, kv_heads=8, context=8192,
                has_sub_norms=False, has_tied_head=False),
}


@dataclass
class Tensor:
    name: str
    kind: str  # "ternary", "table" or "gains"
    rows: int
    columns: int
    spread: float = 1.0


def tensors(shape):
    h, f = shape.hidden, shape.ffn
    kv = shape.kv_heads * h // shape.heads
    # Logits with a standard deviation of about 3, as trained models have.
    head_spread = 3 / np.sqrt(h)
    yield Tensor("token_embd", "table", shape.vocabulary, h, head_spread if shape.has_tied_head else 1.0)
    yield Tensor("output_norm", "gains", 1, h)
    if not shape.has_tied_head:
        yield Tensor("output", "table", shape.vocabulary, h, head_spread)
    for layer in range(shape.layers):
        p = f"blk.{layer}."
        yield Tensor(p + "attn_norm", "gains", 1, h)
        yield Tensor(p + "attn_q", "ternary", h, h)
        yield Tensor(p + "attn_k", "ternary", kv, h)
        yield Tensor(p + "attn_v", "ternary", kv, h)
        if shape.has_sub_norms:
            yield Tensor(p + "attn_sub_norm", "gains", 1, h)
        yield Tensor(p + "attn_output", "ternary", h, h)
        yield Tensor(p + "ffn_norm", "gains", 1, h)
        yield Tensor(p + "ffn_gate", "ternary", f, h)
        yield Tensor(p + "ffn_up", "ternary", f, h)
        if shape.has_sub_norms:
            yield Tensor(p + "ffn_sub_norm", "gains", 1, f)
        yield Tensor(p + "ffn_down", "ternary", h, f)


# Every byte of four two-bit codes of which none is 3, the code that no encoder writes.
CODE_BYTES = np.array([a | b << 2 | c << 4 | d << 6 for a, b, c, d in itertools.product(range(3), repeat=4)],
                      np.uint8)


def matrix(tensor, kind, rng):
    """A third of the weights each −s, 0 and s; s keeps the variance of what is multiplied."""
    scale = np.float16(np.sqrt(1.5 / tensor.columns))
    # Axes: row, block, half of the block, byte of the half.
    codes = CODE_BYTES[rng.integers(0, len(CODE_BYTES), (tensor.rows, tensor.columns // BLOCK, 2, 32), np.uint8)]
    if kind == TQ2_0:
        blocks = np.empty((*codes.shape[:2], BLOCK_BYTES), np.uint8)
        blocks[..., :64] = codes.reshape(*codes.shape[:2], 64)
        blocks[..., 64:] = np.frombuffer(scale.astype("<f2").tobytes(), np.uint8)
        return blocks.reshape(tensor.rows, -1)
    values = np.empty((*codes.shape[:3], 4, 32), np.float16)
    levels = np.array([-scale, 0, scale, 0], np.float16)
    for place in range(4):
        values[..., place, :] = levels[np.arange(256) >> 2 * place & 3][codes]
    return values.reshape(tensor.rows, tensor.columns)


def table(tensor, rng):
    values = np.empty((tensor.rows, tensor.columns), np.float16)
    for start in range(0, tensor.rows, 4096):  # the float32 that is drawn stays small
        rows = values[start:start + 4096]
        rows[:] = rng.standard_normal(rows.shape, np.float32) * np.float32(tensor.spread)
    return values


def contents(tensor, kind, seed, index):
    rng = np.random.default_rng([seed, index])
    if tensor.kind == "ternary":
        return matrix(tensor, kind, rng)
    if tensor.kind == "table":
        return table(tensor, rng)
    return rng.normal(1, 0.1, tensor.columns).astype(np.float32)


def announce(writer, tensor, kind):
    """Describes a tensor ahead of its contents."""
    name = tensor.name + ".weight"
    if tensor.kind == "gains":
        writer.add_tensor_info(name, (tensor.columns,), np.dtype(np.float32), tensor.columns * 4)
    elif tensor.kind == "ternary" and kind == TQ2_0:
        row_bytes = tensor.columns // BLOCK * BLOCK_BYTES
        writer.add_tensor_info(name, (tensor.rows, row_bytes), np.dtype(np.uint8), tensor.rows * row_bytes, TQ2_0)
    else:
        shape = (tensor.rows, tensor.columns)
        writer.add_tensor_info(name, shape, np.dtype(np.float16), tensor.rows * tensor.columns * 2)


def byte_alphabet():
    """The characters that byte-level BPE writes for the 256 bytes; the first is that of a space."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    characters = {b: chr(b) for b in printable} | {b: chr(256 + n) for n, b in enumerate(others)}
    return [characters[b] for b in range(256)]


def vocabulary():
    """Bytes, words of up to four letters with or without a space before, and the special tokens."""
    alphabet = byte_alphabet()
    space, letters = alphabet[ord(" ")], string.ascii_lowercase
    words = (first + "".join(rest) for length in (1, 2, 3)
             for first in space + letters for rest in itertools.product(letters, repeat=length))
    words = list(itertools.islice(words, FIRST_SPECIAL - len(alphabet)))
    merges = [word[:-1] + " " + word[-1] for word in words]
    named = {0: "<|begin_of_text|>", 1: "<|end_of_text|>", 9: "<|eot_id|>"}
    specials = [named.get(n, f"<|reserved_special_token_{n}|>") for n in range(SPECIAL_TOKENS)]
    return alphabet + words, specials, merges


def add_tokenizer(writer):
    normal, specials, merges = vocabulary()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_list(normal + specials)
    writer.add_token_types([gguf.TokenType.NORMAL] * len(normal) + [gguf.TokenType.CONTROL] * len(specials))
    writer.add_token_merges(merges)
    writer.add_bos_token_id(FIRST_SPECIAL)
    writer.add_eos_token_id(FIRST_SPECIAL + 1)
    writer.add_eot_token_id(FIRST_SPECIAL + 9)
    writer.add_add_bos_token(True)


def add_metadata(writer, name, shape, kind, seed):
    writer.add_name(f"synthetic {name}, random weights")
    writer.add_description(f"Random ternary weights (seed {seed}) for measuring speed; not a language model.")
    writer.add_license("MIT")
    writer.add_file_type(FILE_TYPES[kind])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.ffn)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(shape.hidden // shape.heads)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.eps)
    # llama.cpp takes no notice of this key and runs SiLU; without it this project runs squared ReLU.
    writer.add_string(f"{shape.architecture}.hidden_activation", "silu")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("type", choices=[kind.name for kind in FILE_TYPES])
    parser.add_argument("out", type=Path)
    parser.add_argument("--layers", type=int, help="layers; those of the shape by default")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    shape, kind = SHAPES[options.shape], gguf.GGMLQuantizationType[options.type]
    if options.layers is not None:
        if options.layers < 1:
            parser.error("a model has at least one layer")
        shape.layers = options.layers

    partial = options.out.with_name(options.out.name + ".partial")
    writer = gguf.GGUFWriter(partial, shape.architecture)
    add_metadata(writer, options.shape, shape, kind, options.seed)
    add_tokenizer(writer)
    for tensor in tensors(shape):
        announce(writer, tensor, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for index, tensor in enumerate(tensors(shape)):
        writer.write_tensor_data(contents(tensor, kind, options.seed, index))
    writer.close()
    os.replace(partial, options.out)
    print(options.out, options.out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
