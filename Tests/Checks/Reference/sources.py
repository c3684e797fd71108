# SPDX-License-Identifier: MIT
"""Reads a model from the files that people have: one GGUF, or a Hugging Face directory.

Both become a `Source`: what the network is, and its weights by the names of GGUF tensors.
"""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import gguf
import numpy as np
from gguf.quants import dequantize
from tokenizers import Tokenizer

from checkpoint import Directory
from families import bpe
from packing import I2_S, unpack_i2_s

MATRICES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")


@dataclass
class Source:
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head: int
    context: int
    eps: float
    rope_base: float
    squared_relu: bool
    adjacent: bool  # a rotation turns the pairs (2j, 2j + 1) instead of (j, j + half)
    bos: int
    stops: set
    tokenizer: object
    matrices: dict = field(default_factory=dict)  # name: (trits, scale)
    dense: dict = field(default_factory=dict)     # name: float32 values


def ternary(dense):
    """Splits a dense matrix that holds only -s, 0 and +s into trits and s."""
    scale = np.abs(dense).max()
    trits = np.rint(dense / scale) if scale else np.zeros_like(dense)
    if not np.array_equal(trits * scale, dense):
        raise ValueError("a matrix is not ternary with one scale")
    return trits, scale


def absmean(masters):
    """What a network of full precision computes with: its masters rounded to multiples -1, 0 and +1 of their
    mean magnitude."""
    scale = np.float32(max(np.abs(masters).mean(dtype=np.float64), 1e-5))
    return np.clip(np.rint(masters * (np.float32(1) / scale)), -1, 1), scale


class Reader(gguf.GGUFReader):
    """Also reads I2_S, whose matrices it keeps in `i2_s`."""

    def _build_tensors(self, start_offs, fields):
        known = []
        self.i2_s = {}
        for entry in fields:
            _, name, _, dims, kind, offset = entry.parts
            if kind[0] != I2_S:
                known.append(entry)
                continue
            size, begin = int(np.prod(dims)) // 4 + 32, int(start_offs + offset[0])
            self.i2_s[bytes(name).decode()] = unpack_i2_s(self._get(begin, np.uint8, size), dims[::-1].tolist())
        super()._build_tensors(start_offs, known)


def read_gguf(path):
    reader = Reader(path)
    arch = reader.fields["general.architecture"].contents()

    def key(name, default=None):
        return reader.fields[name].contents() if name in reader.fields else default

    def shape(name, default=None):
        return key(f"{arch}.{name}", default)

    hidden, heads = shape("embedding_length"), shape("attention.head_count")
    specials = [key(f"tokenizer.ggml.{n}_token_id") for n in ("bos", "eos", "eot")]
    tokens, kinds = key("tokenizer.ggml.tokens"), key("tokenizer.ggml.token_type")
    source = Source(
        layers=shape("block_count"), hidden=hidden, heads=heads, kv_heads=shape("attention.head_count_kv", heads),
        head=shape("attention.key_length", hidden // heads), context=shape("context_length"),
        eps=shape("attention.layer_norm_rms_epsilon"), rope_base=shape("rope.freq_base", 10000.0),
        squared_relu=arch in ("bitnet-b1.58", "bitnet-25"), adjacent=arch == "llama",
        bos=specials[0], stops=set(specials[1:]) - {None},
        tokenizer=bpe(tokens, [tuple(m.split(" ", 1)) for m in key("tokenizer.ggml.merges")],
                      [t for t, kind in zip(tokens, kinds) if kind == gguf.TokenType.CONTROL]))
    for name, matrix in reader.i2_s.items():
        source.matrices[name.removesuffix(".weight")] = matrix
    for tensor in reader.tensors:
        rows = tuple(int(n) for n in reversed(tensor.shape))
        values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32).reshape(rows)
        name = tensor.name.removesuffix(".weight")
        if name.split(".")[-1] in MATRICES:
            source.matrices[name] = ternary(values)
        else:
            source.dense[name] = values
    return source


def read_directory(path):
    directory = Directory(path)
    config = SimpleNamespace(**directory.config)
    stops = config.eos_token_id
    source = Source(
        layers=config.num_hidden_layers, hidden=config.hidden_size, heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        head=getattr(config, "head_dim", config.hidden_size // config.num_attention_heads),
        context=config.max_position_embeddings, eps=config.rms_norm_eps, rope_base=config.rope_theta,
        squared_relu=config.hidden_act == "relu2", adjacent=False,
        bos=config.bos_token_id, stops=set(stops if isinstance(stops, list) else [stops]),
        tokenizer=Tokenizer.from_file(str(path / "tokenizer.json")), dense=directory.dense)
    source.matrices = directory.matrices | {name: absmean(w) for name, w in directory.masters.items()}
    return source


def read(path):
    path = Path(path)
    return read_directory(path) if path.is_dir() else read_gguf(path)
