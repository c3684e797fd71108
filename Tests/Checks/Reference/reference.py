# SPDX-License-Identifier: MIT
"""A plain numpy forward pass of ternary models of all families.

Written for clarity and independence, not for speed: it shares no code with the
engine and follows the published definition of the network step by step. It
evaluates whole sequences at once; with a `Cache` it also continues one.

    python3 reference.py MODEL --text FILE           perplexity of a text
    python3 reference.py MODEL --prompt TEXT -n 200  a continuation

MODEL is a GGUF file or a Hugging Face directory.
"""

import argparse
from dataclasses import dataclass

import numpy as np

from sources import read


@dataclass
class Ternary:
    trits: np.ndarray  # [outputs, inputs], the values -1, 0, +1 in the working float type
    scale: float


def hop(x, block, outliers=True):
    """What an activation row is after a stage boundary: int8 codes in blocks of
    `block` values with an f16 scale each. block = 0 means the whole row. Whole
    blocks of 32 keep their outliers, unless told otherwise."""
    rows, width = x.shape
    block = block or width
    padded = np.zeros((rows, -(-width // block) * block), np.float32)
    padded[:, :width] = x
    blocks = padded.reshape(rows, -1, block)
    scale = half_scale(blocks, np.float32(127))
    rounded = round_to(blocks, scale, np.float32(127))
    if outliers and block == 32:
        whole = width // block
        rounded[:, :whole] = keep_outliers(*(part[:, :whole] for part in (blocks, rounded, scale)))
    return rounded.reshape(rows, -1)[:, :width].astype(x.dtype)


def half_scale(blocks, most):
    return (np.abs(blocks).max(-1, keepdims=True) / most).astype(np.float16).astype(np.float32)


def round_to(blocks, scale, most):
    return np.clip(np.rint(blocks / np.where(scale == 0, 1, scale)), -most, most) * scale


def keep_outliers(blocks, rounded, scale):
    """`rounded`, but values of more than 8 times the fourth largest of their block
    become floats of 24 bits, and the others codes of 7, 6 or 5 bits beside 1, 2 or 3
    of them."""
    magnitudes = np.abs(blocks)
    outlier = (magnitudes > 8 * np.sort(magnitudes, -1)[..., -4:-3]) & (scale != 0)
    count = outlier.sum(-1, keepdims=True)
    others, most = np.where(outlier, np.float32(0), blocks), np.float32(2) ** (7 - count).astype(np.float32) - 1
    bits = blocks.view(np.uint32)
    large = (bits + (bits >> 8 & 1) + 0x7F & 0xFFFFFF00).astype(np.uint32).view(np.float32)
    small = round_to(others, half_scale(others, most), most)
    return np.where(count == 0, rounded, np.where(outlier, large, small))


class Cache:
    """Keys and values of one sequence, per layer [positions, kv heads, head size]."""

    def __init__(self, layers):
        self.keys = [None] * layers
        self.values = [None] * layers
        self.length = 0


class Model:
    def __init__(self, path, dtype=np.float32, cuts=(), block=32, outliers=True, half_cache=False, quantise=True):
        self.source = source = read(path)
        self.dtype = dtype
        self.cuts, self.block, self.outliers = set(cuts), block, outliers
        self.half_cache, self.quantise = half_cache, quantise
        self.layers, self.hidden, self.context = source.layers, source.hidden, source.context
        self.heads, self.kv_heads, self.head = source.heads, source.kv_heads, source.head
        self.squared_relu, self.adjacent = source.squared_relu, source.adjacent
        self.eps = dtype(source.eps)
        # Angles in double, rounded once: there is no other rounding to agree on.
        angles = np.arange(self.context)[:, None] * source.rope_base ** (-np.arange(0, self.head, 2) / self.head)
        self.cos, self.sin = np.cos(angles).astype(dtype), np.sin(angles).astype(dtype)
        self.w = {name: values.astype(dtype) for name, values in source.dense.items()}
        for name, (trits, scale) in source.matrices.items():
            self.w[name] = Ternary(trits.astype(dtype), dtype(scale))
        self.vocabulary = self.w["token_embd"].shape[0]
        self.margins = None

    # The primitives

    def rms(self, x, name):
        if name.endswith("_sub_norm") and name not in self.w:  # a family without
            return x
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
        if self.adjacent:
            a, b = x[..., 0::2], x[..., 1::2]
            return np.stack((a * cos - b * sin, a * sin + b * cos), axis=-1).reshape(x.shape)
        a, b = x[..., :half], x[..., half:]
        return np.concatenate((a * cos - b * sin, a * sin + b * cos), axis=-1)

    def activate(self, gate):
        return np.square(np.maximum(gate, 0)) if self.squared_relu else gate / (1 + np.exp(-gate))

    def cut(self, x):
        return hop(x, self.block, self.outliers)

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
                x = self.cut(x)
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
            m = self.activate(gate) * up
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
    tokenizer = model.source.tokenizer
    bos = model.source.bos
    if options.text:
        with open(options.text, encoding="utf-8") as file:
            text = file.read()
        scores = score(model, [bos] + tokenizer.encode(text, add_special_tokens=False).ids)
        print(f"{len(scores)} tokens: perplexity {np.exp(-scores.mean()):.4f} per token, "
              f"{np.exp(-scores.sum() / len(text.encode())):.4f} per byte")
        return
    stops = model.source.stops
    prompt = f"User: {options.prompt}<|eot_id|>Assistant: " if options.chat else options.prompt
    ids = [bos] + tokenizer.encode(prompt, add_special_tokens=False).ids
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
