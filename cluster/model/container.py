# SPDX-License-Identifier: MIT
"""The parts of a GGUF file that the embedded model and the test models share."""

import json

import gguf
import numpy as np

from corpus import BOS, EOS, EOT

ARCHITECTURE = "bitnet-b1.58"

CHAT_TEMPLATE = (
    "{% for message in messages %}{% if loop.first %}{{ bos_token }}{% endif %}"
    "{{ message['role'] | capitalize }}: {{ message['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}")


def tq1_0(trits, scale):
    """Packs rows of trits (-1, 0, +1) as TQ1_0 with one and the same scale in every block.

    Done by hand because the usual quantiser derives a scale from each block's
    largest weight, which makes the scale of an all-zero block zero."""
    codes = (trits + 1).astype(np.uint16).reshape(-1, 256)
    blocks = np.empty((len(codes), 54), np.uint8)

    def pack(digits):  # [block, digit, byte], most significant digit first
        value = np.zeros((len(codes), digits.shape[2]), np.uint16)
        for n in range(5):
            value = value * 3 + (digits[:, n] if n < digits.shape[1] else 0)
        return ((value.astype(np.uint32) * 256 + 242) // 243).astype(np.uint8)

    blocks[:, 0:32] = pack(codes[:, 0:160].reshape(-1, 5, 32))
    blocks[:, 32:48] = pack(codes[:, 160:240].reshape(-1, 5, 16))
    blocks[:, 48:52] = pack(codes[:, 240:256].reshape(-1, 4, 4))
    blocks[:, 52:54] = np.frombuffer(np.float16(scale).tobytes(), np.uint8)
    return blocks.reshape(trits.shape[0], -1)


def add_tokenizer(writer, tokenizer):
    model = json.loads(tokenizer.to_str())["model"]
    specials = (BOS, EOS, EOT)
    tokens = [tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL if t in specials else gguf.TokenType.NORMAL for t in tokens])
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in model["merges"]])
    writer.add_bos_token_id(tokenizer.token_to_id(BOS))
    writer.add_eos_token_id(tokenizer.token_to_id(EOS))
    writer.add_eot_token_id(tokenizer.token_to_id(EOT))
    writer.add_add_bos_token(True)
    writer.add_chat_template(CHAT_TEMPLATE)


def add_shape(writer, shape):
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
