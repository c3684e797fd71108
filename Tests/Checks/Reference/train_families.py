# SPDX-License-Identifier: MIT
"""Trains one small network of each family on the corpus of the embedded model, by the clock.

    python3 train_families.py --minutes 12 microsoft onebit llama

It writes FAMILY.npz: the masters, the embedding and the norms, by the names of GGUF tensors. The runs
depend on the clock, so repeating them gives a similar network, not the same numbers.
"""

import argparse
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from families import EMBEDDED, FAMILIES, small_tokenizer

sys.path.insert(0, str(EMBEDDED))

from corpus import BOS, EOS, stories  # noqa: E402
from network import Norm, absmean, quant8, rotate, straight_through  # noqa: E402
from train import Muon, Windows, encode, held_out, schedule  # noqa: E402


class TernaryLinear(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * 0.02)

    def forward(self, x):
        trits, _ = absmean(self.weight)
        gamma = self.weight.detach().abs().mean().clamp(min=1e-5)
        return F.linear(x, straight_through(self.weight, trits * gamma))


class Layer(nn.Module):
    def __init__(self, family):
        super().__init__()
        self.family = family
        queries, keys = family.heads * family.head, family.kv_heads * family.head
        hidden, ffn = family.hidden, family.ffn
        self.attn_norm, self.ffn_norm = Norm(hidden, family.eps), Norm(hidden, family.eps)
        if family.sub_norms:
            self.attn_sub_norm, self.ffn_sub_norm = Norm(queries, family.eps), Norm(ffn, family.eps)
        else:
            self.attn_sub_norm, self.ffn_sub_norm = nn.Identity(), nn.Identity()
        self.attn_q, self.attn_k = TernaryLinear(hidden, queries), TernaryLinear(hidden, keys)
        self.attn_v, self.attn_output = TernaryLinear(hidden, keys), TernaryLinear(queries, hidden)
        self.ffn_gate, self.ffn_up = TernaryLinear(hidden, ffn), TernaryLinear(hidden, ffn)
        self.ffn_down = TernaryLinear(ffn, hidden)

    def forward(self, x, cos, sin):
        family = self.family
        batch, length, _ = x.shape

        def split(y, heads):
            return y.view(batch, length, heads, family.head).transpose(1, 2)

        a = quant8(self.attn_norm(x))
        q = rotate(split(self.attn_q(a), family.heads), cos, sin)
        k = rotate(split(self.attn_k(a), family.kv_heads), cos, sin)
        group = family.heads // family.kv_heads
        k, v = k.repeat_interleave(group, 1), split(self.attn_v(a), family.kv_heads).repeat_interleave(group, 1)
        o = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        o = o.transpose(1, 2).reshape(batch, length, -1)
        x = x + self.attn_output(quant8(self.attn_sub_norm(o)))
        b = quant8(self.ffn_norm(x))
        gate = self.ffn_gate(b)
        gate = F.relu(gate).square() if family.squared_relu else F.silu(gate)
        return x + self.ffn_down(quant8(self.ffn_sub_norm(gate * self.ffn_up(b))))


class Network(nn.Module):
    def __init__(self, family):
        super().__init__()
        self.token_embd = nn.Embedding(family.vocabulary, family.hidden)
        nn.init.normal_(self.token_embd.weight, std=0.04)
        self.blk = nn.ModuleList(Layer(family) for _ in range(family.layers))
        self.output_norm = Norm(family.hidden, family.eps)
        if not family.tied:
            self.output = nn.Linear(family.hidden, family.vocabulary, bias=False)
        half = family.head // 2
        angle = torch.arange(family.context)[:, None] * family.rope_base ** (-torch.arange(half) / half)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def forward(self, ids):
        cos, sin = self.cos[:ids.shape[1]], self.sin[:ids.shape[1]]
        x = self.token_embd(ids)
        for layer in self.blk:
            x = layer(x, cos, sin)
        head = self.output if hasattr(self, "output") else self.token_embd
        return F.linear(self.output_norm(x), head.weight)


def train(family, ids, check, bos, minutes, tokens=2048):
    torch.manual_seed(1)
    network = Network(family)
    matrices = [p for name, p in network.named_parameters() if name.startswith("blk.") and p.ndim == 2]
    others = [p for name, p in network.named_parameters() if not (name.startswith("blk.") and p.ndim == 2)]
    optimisers = [Muon(matrices, lr=0.02), torch.optim.AdamW(others, lr=4e-3, betas=(0.9, 0.95), weight_decay=0)]
    rates = [o.param_groups[0]["lr"] for o in optimisers]
    windows = Windows(ids, bos, seed=1)
    begin, step = time.monotonic(), 0
    while (progress := (time.monotonic() - begin) / (60 * minutes)) < 1:
        for optimiser, rate in zip(optimisers, rates):
            optimiser.param_groups[0]["lr"] = rate * schedule(progress)
        length = 256 if progress < 0.8 else family.context
        x, y = windows.batch(tokens // length, length)
        loss = F.cross_entropy(network(x).flatten(0, 1), y.flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        step += 1
        if step % 50 == 0 or step == 10:
            print(f"{family.name} step {step} minute {(time.monotonic() - begin) / 60:.1f} "
                  f"loss {loss.item():.3f}", flush=True)
    with torch.no_grad():
        x, y = check
        loss = F.cross_entropy(network(x).flatten(0, 1), y.flatten(), ignore_index=-100)
    print(f"{family.name}: {step * tokens} tokens, held-out loss {loss.item():.4f}", flush=True)
    return {name: value.detach().numpy() for name, value in network.state_dict().items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", default=list(FAMILIES))
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--bytes", type=int, default=5_000_000, help="of corpus")
    options = parser.parse_args()
    tokenizer = small_tokenizer()
    bos = tokenizer.token_to_id(BOS)
    ids = encode(tokenizer, "\n".join(BOS + story + EOS for story in stories(1, options.bytes)))
    check = held_out(tokenizer, bos)
    for name in options.families:
        values = train(FAMILIES[name], ids, check, bos, options.minutes)
        np.savez(f"{name}.npz", **values)


if __name__ == "__main__":
    main()
