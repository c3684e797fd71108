# SPDX-License-Identifier: MIT
"""The three families of published ternary networks, each in one small shape."""

from dataclasses import dataclass
from pathlib import Path

import gguf
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent.parent / "Golden"
EMBEDDED = HERE.parent.parent.parent / "cluster" / "model"

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")

VOCABULARY = 320


@dataclass(frozen=True)
class Family:
    name: str
    squared_relu: bool
    sub_norms: bool
    tied: bool
    hidden: int
    heads: int
    kv_heads: int
    head: int
    ffn: int
    layers: int
    rope_base: float
    eps: float
    vocabulary: int = VOCABULARY
    context: int = 512


FAMILIES = {
    # Microsoft's: grouped heads, squared ReLU.
    "microsoft": Family("microsoft", True, True, True, 256, 8, 2, 32, 640, 2, 500000.0, 1e-5),
    # 1bitLLM's: as many key as query heads, a head size that is no power of two, and rows that
    # are multiples of neither 128 nor 256. (The weights of a matrix are a multiple of 128: no
    # published matrix is otherwise.)
    "onebit": Family("onebit", False, True, True, 160, 2, 2, 80, 108, 2, 10000.0, 1e-5),
    # Falcon3's head size, base and epsilon; the heads together are wider than the residual stream.
    "llama": Family("llama", False, False, False, 256, 2, 1, 256, 512, 2, 1000042.0, 1e-6),
}


def bpe(tokens, merges, specials):
    """A byte-level BPE with the Llama-3 pre-tokeniser as a `tokenizers` object."""
    from tokenizers import AddedToken
    tokenizer = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, merges, ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in specials])
    return tokenizer


def small_tokenizer(vocabulary=VOCABULARY):
    """The embedded model's tokenizer as it was when it had learnt fewer merges."""
    fields = gguf.GGUFReader(EMBEDDED / "stories.gguf").fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    merges = fields["tokenizer.ggml.merges"].contents()
    specials = tokens[-3:]
    kept = tokens[:vocabulary - len(specials)]
    known = set(kept)
    merges = [tuple(m.split(" ", 1)) for m in merges if m.replace(" ", "", 1) in known]
    return bpe(kept + specials, merges, specials)
