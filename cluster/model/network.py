# SPDX-License-Identifier: MIT
"""The BitNet b1.58 network as it is trained: ternary forward, float32 masters."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Shape:
    vocabulary: int
    layers: int = 9
    hidden: int = 256
    heads: int = 8
    kv_heads: int = 2
    ffn: int = 768
    context: int = 1024
    rope_base: float = 10000.0
    eps: float = 1e-5


def straight_through(value, quantised):
    """Forward sees the quantised value, the gradient passes as if nothing happened."""
    return value + (quantised - value).detach()


def absmean(weight):
    """Trits and scale of one matrix. The scale is rounded to f16 already here,
    because that is what the file stores: the exported net is the trained one."""
    gamma = weight.abs().mean().clamp(min=1e-5)
    return (weight / gamma).round().clamp(-1, 1), gamma.half().float()


def ternary(weight):
    trits, gamma = absmean(weight)
    return straight_through(weight, trits * gamma)


def quant8(x):
    scale = 127 / x.abs().amax(-1, keepdim=True).clamp(min=1e-5)
    return straight_through(x, (x * scale).round() / scale)


class Norm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps))


class TernaryLinear(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * 0.02)

    def forward(self, x):
        return F.linear(x, ternary(self.weight))


def rotate(x, cos, sin):
    """Rotary embedding with the pairs (j, j + half)."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), -1)


class Layer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        size = shape.hidden // shape.heads
        self.heads, self.kv_heads, self.size = shape.heads, shape.kv_heads, size
        self.attn_norm = Norm(shape.hidden, shape.eps)
        self.attn_q = TernaryLinear(shape.hidden, shape.heads * size)
        self.attn_k = TernaryLinear(shape.hidden, shape.kv_heads * size)
        self.attn_v = TernaryLinear(shape.hidden, shape.kv_heads * size)
        self.attn_sub_norm = Norm(shape.heads * size, shape.eps)
        self.attn_output = TernaryLinear(shape.heads * size, shape.hidden)
        self.ffn_norm = Norm(shape.hidden, shape.eps)
        self.ffn_gate = TernaryLinear(shape.hidden, shape.ffn)
        self.ffn_up = TernaryLinear(shape.hidden, shape.ffn)
        self.ffn_sub_norm = Norm(shape.ffn, shape.eps)
        self.ffn_down = TernaryLinear(shape.ffn, shape.hidden)

    def forward(self, x, cos, sin):
        batch, length, _ = x.shape

        def split(y, heads):
            return y.view(batch, length, heads, self.size).transpose(1, 2)

        a = quant8(self.attn_norm(x))
        q = rotate(split(self.attn_q(a), self.heads), cos, sin)
        k = rotate(split(self.attn_k(a), self.kv_heads), cos, sin)
        v = split(self.attn_v(a), self.kv_heads)
        group = self.heads // self.kv_heads
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        o = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        o = o.transpose(1, 2).reshape(batch, length, -1)
        x = x + self.attn_output(quant8(self.attn_sub_norm(o)))
        b = quant8(self.ffn_norm(x))
        m = F.relu(self.ffn_gate(b)).square() * self.ffn_up(b)
        return x + self.ffn_down(quant8(self.ffn_sub_norm(m)))


class BitNet(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.hidden)
        nn.init.normal_(self.token_embd.weight, std=0.04)
        self.blk = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.output_norm = Norm(shape.hidden, shape.eps)
        half = shape.hidden // shape.heads // 2
        angle = torch.arange(shape.context)[:, None] * shape.rope_base ** (-torch.arange(half) / half)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def forward(self, ids):
        cos, sin = self.cos[:ids.shape[1]], self.sin[:ids.shape[1]]
        x = self.token_embd(ids)
        for layer in self.blk:
            x = layer(x, cos, sin)
        return F.linear(self.output_norm(x), self.token_embd.weight)
