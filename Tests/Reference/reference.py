# SPDX-License-Identifier: MIT
"""A plain numpy forward pass of BitNet b1.58 models (squared ReLU, sub-norms).

Written for clarity and independence, not for speed: it shares no code with the
engine and follows the published definition of the network step by step. It
evaluates whole sequences at once; with a `Cache` it also continues one.

    python3 reference.py MODEL.gguf --text FILE           perplexity of a text
    python3 reference.py MODEL.gguf --prompt TEXT -n 200  a continuation
"""

import argparse
from dataclasses import dataclass

import gguf
import numpy as np
from gguf.quants import dequantize

TERNARY = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")


@dataclass
class Ternary:
    trits: np.ndarray  # [outputs, inputs], the values -1, 0, +1 in the working float type
    scale: float


def ternary(dense):
    """Splits a dense matrix that holds only -s, 0 and +s into trits and s."""
    scale = np.abs(dense).max()
    trits = np.rint(dense / scale) if scale else np.zeros_like(dense)
    if not np.array_equal(trits * scale, dense):
        raise ValueError("a matrix is not ternary with one scale")
    return trits, scale


def hop(x, block):
    """What an activation row is after a stage boundary: int8 codes in blocks of
    `block` values with an f16 scale each. block = 0 means the whole row."""
    rows, width = x.shape
    block = block or width
    padded = np.zeros((rows, -(-width // block) * block), np.float32)
    padded[:, :width] = x
    blocks = padded.reshape(rows, -1, block)
    scale = (np.abs(blocks).max(-1, keepdims=True) / np.float32(127)).astype(np.float16).astype(np.float32)
    codes = np.clip(np.rint(blocks / np.where(scale == 0, 1, scale)), -127, 127)
    return (codes * scale).reshape(rows, -1)[:, :width].astype(x.dtype)


class Cache:
    """Keys and values of one sequence, per layer [positions, kv heads, head size]."""

    def __init__(self, layers):
        self.keys = [None] * layers
        self.values = [None] * layers
        self.length = 0


class Model:
    def __init__(self, path, dtype=np.float32, cuts=(), block=32, half_cache=False, quantise=True):
        reader = gguf.GGUFReader(path)
        self.fields = reader.fields
        arch = self.field("general.architecture")

        def parameter(key, default=None):
            return self.field(f"{arch}.{key}", default)

        self.dtype = dtype
        self.cuts, self.block, self.half_cache, self.quantise = set(cuts), block, half_cache, quantise
        self.layers = parameter("block_count")
        self.hidden = parameter("embedding_length")
        self.heads = parameter("attention.head_count")
        self.kv_heads = parameter("attention.head_count_kv", self.heads)
        self.head = self.hidden // self.heads
        self.context = parameter("context_length")
        self.eps = dtype(parameter("attention.layer_norm_rms_epsilon"))
        base = parameter("rope.freq_base", 10000.0)
        # Angles in double, rounded once: there is no other rounding to agree on.
        angles = np.arange(self.context)[:, None] * base ** (-np.arange(0, self.head, 2) / self.head)
        self.cos, self.sin = np.cos(angles).astype(dtype), np.sin(angles).astype(dtype)

        self.w = {}
        for tensor in reader.tensors:
            shape = tuple(int(n) for n in reversed(tensor.shape))
            dense = dequantize(tensor.data, tensor.tensor_type).astype(np.float32).reshape(shape)
            name = tensor.name.removesuffix(".weight")
            if name.split(".")[-1] in TERNARY:
                trits, scale = ternary(dense)
                self.w[name] = Ternary(trits.astype(dtype), dtype(scale))
            else:
                self.w[name] = dense.astype(dtype)
        self.vocabulary = self.w["token_embd"].shape[0]
        self.margins = None

    def field(self, key, default=None):
        if key not in self.fields:
            if default is None:
                raise KeyError(key)
            return default
        return self.fields[key].contents()

    # The primitives

    def rms(self, x, name):
        mean = np.mean(x * x, axis=-1, keepdims=True, dtype=self.dtype)
        return self.w[name] * (x / np.sqrt(mean + self.eps))

    def quant8(self, x):
        if not self.quantise:
            return x, np.ones_like(x[:, :1])
        scale = self.dtype(127) / np.maximum(np.abs(x).max(-1, keepdims=True), self.dtype(1e-5))
        exact = x * scale
        codes = np.clip(np.rint(exact), -128, 127)
        if self.margins is not None:
            size = np.abs(exact)
            distance = np.abs(size - np.floor(size) - 0.5) / (np.abs(codes) + 1)
            self.margins.append(distance.min(-1))
        return codes, scale

    def bitlin(self, quantised, name):
        codes, scale = quantised
        # Sums of whole numbers below 2^24: exact in float32, in any order.
        return (codes @ self.w[name].trits.T) * self.w[name].scale / scale

    def rotate(self, x, positions):
        half = self.head // 2
        cos, sin = self.cos[positions][:, None, :], self.sin[positions][:, None, :]
        a, b = x[..., :half], x[..., half:]
        return np.concatenate((a * cos - b * sin, a * sin + b * cos), axis=-1)

    def attend(self, q, k, v, mask):
        group = self.heads // self.kv_heads
        out = np.empty_like(q)
        root = self.dtype(np.sqrt(self.head))
        for h in range(self.heads):
            scores = np.where(mask, q[:, h] @ k[:, h // group].T / root, self.dtype(-np.inf))
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            weights /= weights.sum(-1, keepdims=True)
            out[:, h] = weights @ v[:, h // group]
        return out

    # The network

    def residual(self, ids, cache=None, branch=False):
        """The residual stream after the last layer, one row per id.

        With a cache the ids continue its sequence and are added to it. With
        `branch` they are alternatives for the one next position instead: each
        sees the cached past and itself, and the cache stays as it is."""
        ids = np.asarray(ids)
        n, past = len(ids), cache.length if cache else 0
        positions = np.full(n, past) if branch else past + np.arange(n)
        own = np.eye(n, dtype=bool) if branch else np.tri(n, dtype=bool)
        mask = np.concatenate((np.ones((n, past), bool), own), axis=1)

        x = self.w["token_embd"][ids]
        for i in range(self.layers):
            if i in self.cuts:
                x = hop(x, self.block)
            p = f"blk.{i}."
            a = self.quant8(self.rms(x, p + "attn_norm"))
            q = self.rotate(self.bitlin(a, p + "attn_q").reshape(n, self.heads, self.head), positions)
            k = self.rotate(self.bitlin(a, p + "attn_k").reshape(n, self.kv_heads, self.head), positions)
            v = self.bitlin(a, p + "attn_v").reshape(n, self.kv_heads, self.head)
            if self.half_cache:
                k, v = (y.astype(np.float16).astype(self.dtype) for y in (k, v))
            if past:
                k, v = np.concatenate((cache.keys[i], k)), np.concatenate((cache.values[i], v))
            if cache and not branch:
                cache.keys[i], cache.values[i] = k, v
            o = self.attend(q, k, v, mask).reshape(n, -1)
            x = x + self.bitlin(self.quant8(self.rms(o, p + "attn_sub_norm")), p + "attn_output")
            b = self.quant8(self.rms(x, p + "ffn_norm"))
            gate, up = self.bitlin(b, p + "ffn_gate"), self.bitlin(b, p + "ffn_up")
            m = np.square(np.maximum(gate, 0)) * up
            x = x + self.bitlin(self.quant8(self.rms(m, p + "ffn_sub_norm")), p + "ffn_down")
        if cache and not branch:
            cache.length += n
        return x

    def logits(self, ids, cache=None, branch=False):
        x = self.rms(self.residual(ids, cache, branch), "output_norm")
        return x @ self.w.get("output", self.w["token_embd"]).T

    def log_probabilities(self, ids, cache=None, branch=False):
        return log_softmax(self.logits(ids, cache, branch))


def log_softmax(logits):
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def tokenizer_of(model):
    """The file's byte-level BPE as a `tokenizers` object."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
    tokens = model.field("tokenizer.ggml.tokens")
    kinds = model.field("tokenizer.ggml.token_type")
    merges = [tuple(m.split(" ", 1)) for m in model.field("tokenizer.ggml.merges")]
    ordinary = {t: i for i, t in enumerate(tokens) if kinds[i] != gguf.TokenType.CONTROL}
    tokenizer = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, merges, ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
            r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in tokens if t not in ordinary])
    return tokenizer


def score(model, ids):
    """Log-probability of every id after the first, in windows of half the context,
    each scored with the half before it as its past."""
    half = model.context // 2
    scores = []
    for start in range(0, len(ids) - 1, half):
        begin = max(0, start - half)
        window = ids[begin:start + half + 1]
        table = model.log_probabilities(window[:-1])
        rows = np.arange(start - begin, len(window) - 1)
        scores += list(table[rows, np.asarray(window)[rows + 1]])
    return np.array(scores, np.float64)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--text")
    parser.add_argument("--prompt", default="Once upon a time")
    parser.add_argument("--chat", action="store_true", help="the prompt is a user's message")
    parser.add_argument("-n", type=int, default=300)
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    model = Model(options.model)
    tokenizer = tokenizer_of(model)
    bos = model.field("tokenizer.ggml.bos_token_id")
    if options.text:
        with open(options.text, encoding="utf-8") as file:
            text = file.read()
        scores = score(model, [bos] + tokenizer.encode(text).ids)
        print(f"{len(scores)} tokens: perplexity {np.exp(-scores.mean()):.4f} per token, "
              f"{np.exp(-scores.sum() / len(text.encode())):.4f} per byte")
        return
    stops = {model.field("tokenizer.ggml.eos_token_id"), model.field("tokenizer.ggml.eot_token_id")}
    prompt = f"User: {options.prompt}<|eot_id|>Assistant: " if options.chat else options.prompt
    ids = [bos] + tokenizer.encode(prompt).ids
    rng = np.random.default_rng(options.seed)
    cache, new = Cache(model.layers), ids
    for _ in range(options.n):
        logits = model.logits(new, cache)[-1].astype(np.float64)
        if options.temperature:
            p = np.exp((logits - logits.max()) / options.temperature)
            token = int(rng.choice(len(p), p=p / p.sum()))
        else:
            token = int(logits.argmax())
        if token in stops:
            break
        ids, new = ids + [token], [token]
    print(tokenizer.decode(ids[1:]))


if __name__ == "__main__":
    main()
