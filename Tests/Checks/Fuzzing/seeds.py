#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seeds of the corpus that are not text: Tests/Checks/Fuzzing/seeds.py

Names that begin with "good" must be accepted, with "bad" refused, which the replaying tests check.
"""
import json
import pathlib
import random
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"
ALIGNMENT = 32
F32, F16, TQ1, TQ2, BF16, I2S = 0, 1, 34, 35, 30, 36


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(data)) + data


def value(item):
    if isinstance(item, bool):
        return struct.pack("<IB", 7, item)
    if isinstance(item, int):
        return struct.pack("<II", 4, item)
    if isinstance(item, float):
        return struct.pack("<If", 6, item)
    if isinstance(item, list):
        if isinstance(item[0], str):
            return struct.pack("<IIQ", 9, 8, len(item)) + b"".join(map(string, item))
        code, kind = ("f", 6) if isinstance(item[0], float) else ("i", 5)
        return struct.pack(f"<IIQ{len(item)}{code}", 9, kind, len(item), *item)
    return struct.pack("<I", 8) + string(item)


def gguf(keys, tensors, version=3):
    """A whole file; tensors are (name, dimensions with the fastest first, type, bytes)."""
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(keys))
    for key, item in keys.items():
        head += string(key) + value(item)
    body = b""
    for name, dimensions, kind, data in tensors:
        head += string(name) + struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
        head += struct.pack("<IQ", kind, len(body))
        body += data + bytes(-len(data) % ALIGNMENT)
    return head + bytes(-len(head) % ALIGNMENT) + body


def halves(values):
    return struct.pack(f"<{len(values)}e", *values)


class Model:
    """A model of one layer whose matrices have the given storage."""

    def __init__(self, arch, hidden, feed_forward, head_size, sub_norms, storage, tied=True):
        self.random = random.Random(arch)
        self.storage = storage
        self.tensors = []
        self.keys = {
            "general.architecture": arch,
            "general.name": "seed",
            f"{arch}.block_count": 1,
            f"{arch}.embedding_length": hidden,
            f"{arch}.feed_forward_length": feed_forward,
            f"{arch}.context_length": 64,
            f"{arch}.attention.head_count": 2,
            f"{arch}.attention.head_count_kv": 1,
            f"{arch}.attention.key_length": head_size,
            f"{arch}.attention.layer_norm_rms_epsilon": 1e-5,
            f"{arch}.rope.freq_base": 5e5,
        }
        self.table("token_embd", hidden, 24)
        self.gains("output_norm", hidden)
        if not tied:
            self.table("output", hidden, 24)
        self.gains("blk.0.attn_norm", hidden)
        self.matrix("attn_q", hidden, 2 * head_size)
        self.matrix("attn_k", hidden, head_size)
        self.matrix("attn_v", hidden, head_size)
        self.matrix("attn_output", 2 * head_size, hidden)
        self.gains("blk.0.ffn_norm", hidden)
        self.matrix("ffn_gate", hidden, feed_forward)
        self.matrix("ffn_up", hidden, feed_forward)
        self.matrix("ffn_down", feed_forward, hidden)
        if sub_norms:
            self.gains("blk.0.attn_sub_norm", 2 * head_size)
            self.gains("blk.0.ffn_sub_norm", feed_forward)

    def gains(self, name, count):
        data = struct.pack(f"<{count}f", *(1 + index / 8 for index in range(count)))
        self.tensors.append((name + ".weight", [count], F32, data))

    def table(self, name, columns, rows):
        data = halves([self.random.uniform(-1, 1) for _ in range(columns * rows)])
        self.tensors.append((name + ".weight", [columns, rows], F16, data))

    def matrix(self, name, columns, rows):
        kind = self.storage.get(name, self.storage.get("", F16))
        trits = [self.random.randint(-1, 1) for _ in range(columns * rows)]
        if kind == F16:
            data = halves([trit / 2 for trit in trits])
        elif kind == F32:
            data = struct.pack(f"<{len(trits)}f", *(trit / 4 for trit in trits))
        elif kind == I2S:
            data = self.i2s(trits)
        else:
            blocks = [trits[start:start + 256] for start in range(0, len(trits), 256)]
            data = b"".join(map(self.tq1 if kind == TQ1 else self.tq2, blocks))
        self.tensors.append((f"blk.0.{name}.weight", [columns, rows], kind, data))

    @staticmethod
    def tq1(trits):
        codes = [trit + 1 for trit in trits]
        groups = [[codes[trit * 32 + byte] for trit in range(5)] for byte in range(32)]
        groups += [[codes[160 + trit * 16 + byte] for trit in range(5)] for byte in range(16)]
        groups += [[codes[240 + trit * 4 + byte] for trit in range(4)] + [0] for byte in range(4)]
        values = [sum(code * 3 ** (4 - place) for place, code in enumerate(group)) for group in groups]
        return bytes((item * 256 + 242) // 243 for item in values) + halves([0.5])

    @staticmethod
    def tq2(trits):
        data = bytearray(64)
        for index, trit in enumerate(trits):
            half, rest = divmod(index, 128)
            data[half * 32 + rest % 32] |= (trit + 1) << 2 * (rest // 32)
        return bytes(data) + halves([0.5])

    @staticmethod
    def i2s(trits):
        data = bytearray(len(trits) // 4)
        for index, trit in enumerate(trits):
            block, rest = divmod(index, 128)
            data[block * 32 + rest % 32] |= (trit + 1) << 6 - 2 * (rest // 32)
        return bytes(data) + struct.pack("<f", 1.5) + bytes(28)

    def byte_pair_tokens(self):
        self.keys |= {
            "tokenizer.ggml.model": "gpt2",
            "tokenizer.ggml.pre": "llama-bpe",
            "tokenizer.ggml.tokens": [chr(97 + i) for i in range(20)] + ["ab", "abc", "\u0120a", "<|eot_id|>"],
            "tokenizer.ggml.token_type": [1] * 23 + [3],
            "tokenizer.ggml.merges": ["a b", "ab c", "\u0120 a"],
            "tokenizer.ggml.bos_token_id": 23,
            "tokenizer.ggml.eos_token_id": 23,
            "tokenizer.chat_template": "{% for message in messages %}<|eot_id|>{% endfor %}",
        }
        return self

    def sentence_piece_tokens(self):
        tokens = ["<unk>", "<s>", "</s>", "<0x0A>", "<0x41>", "\u2581", "a", "b", "\u2581a", "ab", "\u2581ab"]
        tokens += [chr(99 + i) for i in range(13)]
        self.keys |= {
            "tokenizer.ggml.model": "llama",
            "tokenizer.ggml.tokens": tokens,
            "tokenizer.ggml.scores": [float(-index) for index in range(24)],
            "tokenizer.ggml.token_type": [2, 3, 3, 6, 6] + [1] * 19,
            "tokenizer.ggml.bos_token_id": 1,
            "tokenizer.ggml.eos_token_id": 2,
            "tokenizer.ggml.add_bos_token": True,
            "tokenizer.ggml.add_space_prefix": True,
        }
        return self

    @property
    def bytes(self):
        return gguf(self.keys, self.tensors)


def models():
    yield "good-bitnet", Model("bitnet-b1.58", 12, 17, 6, True, {}).byte_pair_tokens().bytes
    yield "good-llama", Model("llama", 12, 17, 4, False, {"": F32}, tied=False).byte_pair_tokens().bytes
    blocks = {"": TQ2, "attn_k": TQ1, "ffn_up": TQ1, "attn_output": F16, "ffn_down": F16}
    yield "good-blocks", Model("bitnet", 256, 8, 2, True, blocks).byte_pair_tokens().bytes
    flat = {"": I2S, "ffn_down": F16, "attn_output": F16}
    yield "i2s", Model("bitnet-25", 128, 8, 2, True, flat).byte_pair_tokens().bytes
    yield "sentence-piece", Model("bitnet", 12, 10, 6, True, {}).sentence_piece_tokens().bytes
    first = Model("bitnet-b1.58", 12, 17, 6, True, {}).byte_pair_tokens()
    first.keys |= {"split.no": 0, "split.count": 2, "split.tensors.count": 13}
    yield "bad-half-of-a-split", gguf(first.keys, first.tensors[:6])
    yield "bad-no-model", gguf({"general.architecture": "bitnet"}, [])
    yield "bad-empty", b""
    yield "bad-counts", b"GGUF" + struct.pack("<IQQ", 3, 1 << 62, 1 << 62)


class Directory:
    """A Hugging Face model of one layer, as one input: config.json, a line ---, model.safetensors."""

    def __init__(self, architecture, storage, quantization, **config):
        self.random = random.Random(architecture + storage)
        self.storage = storage
        self.tensors = {}
        self.config = {
            "architectures": [architecture],
            "hidden_size": 8,
            "intermediate_size": 12,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "vocab_size": 12,
            "max_position_embeddings": 64,
            "rms_norm_eps": 1e-5,
            "rope_theta": 10000.0,
            "quantization_config": quantization,
        } | config
        self.floats("model.embed_tokens.weight", 12, 8)
        self.floats("model.norm.weight", 8)
        layer = "model.layers.0."
        shapes = {"q_proj": (8, 8), "k_proj": (4, 8), "v_proj": (4, 8), "o_proj": (8, 8)}
        for name, (rows, columns) in shapes.items():
            self.matrix(f"{layer}self_attn.{name}", rows, columns)
        for name, (rows, columns) in {"gate_proj": (12, 8), "up_proj": (12, 8), "down_proj": (8, 12)}.items():
            self.matrix(f"{layer}mlp.{name}", rows, columns)
        self.floats(layer + "input_layernorm.weight", 8)
        self.floats(layer + "post_attention_layernorm.weight", 8)
        if architecture != "LlamaForCausalLM":
            microsoft = architecture == "BitNetForCausalLM"
            attention = "attn_sub_norm" if microsoft else "inner_attn_ln"
            self.floats(f"{layer}self_attn.{attention}.weight", 8)
            self.floats(f"{layer}mlp.{'ffn_sub_norm' if microsoft else 'ffn_layernorm'}.weight", 12)
        else:
            self.floats("lm_head.weight", 12, 8)

    def floats(self, name, *shape):
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        values = [self.random.uniform(0.5, 1.5) for _ in range(count)]
        self.tensors[name] = ("BF16", shape, b"".join(struct.pack("<f", item)[2:] for item in values))

    def matrix(self, name, rows, columns):
        if self.storage == "masters":
            return self.floats(name + ".weight", rows, columns)
        data = bytes(
            sum(self.random.randint(0, 2) << 2 * place for place in range(4)) for _ in range(rows // 4 * columns))
        self.tensors[name + ".weight"] = ("U8", (rows // 4, columns), data)
        self.tensors[name + ".weight_scale"] = ("BF16", (1,), struct.pack("<f", 1.5)[2:])
        return None

    @property
    def bytes(self):
        header, body = {"__metadata__": {"format": "pt"}}, b""
        for name, (dtype, shape, data) in self.tensors.items():
            offsets = [len(body), len(body) + len(data)]
            header[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
            body += data
        head = json.dumps(header).encode()
        weights = struct.pack("<Q", len(head)) + head + body
        return json.dumps(self.config).encode() + b"\n---\n" + weights


def directories():
    offline = {"quant_method": "bitnet", "linear_class": "autobitlinear", "quantization_mode": "offline"}
    tied = {"tie_word_embeddings": True, "hidden_act": "relu2"}
    yield "good-microsoft", Directory("BitNetForCausalLM", "packed", offline, **tied).bytes
    online = offline | {"quantization_mode": "online"}
    yield "good-masters", Directory("BitNetForCausalLM", "masters", online, **tied).bytes
    falcon = {"quant_method": "bitnet", "modules_to_not_convert": ["lm_head"]}
    yield "good-llama", Directory("LlamaForCausalLM", "packed", falcon, head_dim=4).bytes
    yield "good-one-bit", Directory("BitnetForCausalLM", "masters", None).bytes
    yield "bad-no-weights", b'{"architectures": ["BitNetForCausalLM"]}\n---\n' + struct.pack("<Q", 2) + b"{}"
    yield "bad-length", b"{}\n---\n" + struct.pack("<Q", 1 << 63)
    yield "bad-shape", b"{}\n---\n" + struct.pack("<Q", 62) + (
        b'{"a":{"dtype":"F32","shape":[4294967296,4294967296,9],"data_offsets":[0,0]}}')


def tokenizers():
    """The golden tokenizers, cut down to what a fuzzer can turn around quickly."""
    golden = pathlib.Path(__file__).parent.parent.parent / "Golden" / "tokenizers"
    for path in sorted(golden.glob("*.json")):
        if path.name.endswith(".ids.json"):
            continue
        contents = json.loads(path.read_text())
        model = contents["model"]
        added = {token["content"] for token in contents["added_tokens"]}
        merges = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"][:12]]
        words = {word for merge in merges for word in [*merge, "".join(merge)]} | set("abcdefgh")
        kept = sorted((item for item in model["vocab"].items() if item[0] in words | added), key=lambda item: item[1])
        model["vocab"] = dict(kept)
        model["merges"] = model["merges"][:12]
        names = {"bos_token": sorted(added)[0], "add_bos_token": True, "chat_template": "{{ messages }}"}
        body = json.dumps(contents, ensure_ascii=False) + "\n---\n" + json.dumps(names)
        yield f"good-{path.stem}", body.encode()
    yield "bad-model", b'{"model": {"type": "Unigram", "vocab": [["a", -1.5]]}}'
    yield "bad-ids", b'{"model": {"type": "BPE", "vocab": {"a": 4294967297, "b": 0}, "merges": ["a b"]}}'


def templates():
    """The golden templates, each with a conversation."""
    golden = json.loads((pathlib.Path(__file__).parent.parent.parent / "Golden" / "jinja.json").read_text())
    seen = set()
    for place, context, text in golden["cases"]:
        if text is None or place in seen or len(golden["templates"][place]) < 300:
            continue
        seen.add(place)
        source, variables = golden["templates"][place], json.dumps(golden["contexts"][context], ensure_ascii=False)
        yield f"good-{place}", f"{source}\n---\n{variables}".encode()
    yield "bad-tag", b"a\n{{ messages"
    yield "bad-refusal", b"{{ raise_exception('no') }}"
    yield "bad-endless", b"{% for a in range(90000) %}{% for b in range(90000) %}{{ a * b }}{% endfor %}{% endfor %}"
    yield "bad-memory", b"{% set ns = namespace(a='a') %}{% for i in range(99) %}{% set ns.a = ns.a + ns.a %}{% endfor %}"
    yield "bad-depth", b"{{ " + b"(" * 500 + b"1" + b")" * 500 + b" }}"


def frame(kind, payload=b"", stream=0):
    return struct.pack("<IHBBQII", 0x4C434E42, 1, kind, 0, stream, len(payload), 0) + payload


def varint(number):
    data = b""
    while number > 127:
        data += bytes([number & 127 | 128])
        number >>= 7
    return data + bytes([number])


def message(**fields):
    """A protobuf message; fields are named after their numbers: f1, f2."""
    data = b""
    for name, item in fields.items():
        number = int(name[1:])
        if isinstance(item, bytes):
            data += varint(number << 3 | 2) + varint(len(item)) + item
        else:
            data += varint(number << 3) + varint(item)
    return data


HELLO = message(f1=1, f2=9, f4=b"0.1", f5=b"demo", f6=b"boss", f7=1) + varint(8 << 3 | 1) + bytes(8) + message(
    f9=bytes(range(32)), f10=1, f11=b"a")


def streams():
    entry = struct.pack("<5I", 1, 0, 7, 1, 0)
    step = struct.pack("<4I", 1, 0, 0, 0) + entry
    yield "good-hello", frame(1, HELLO)
    yield "good-heartbeats", b"".join(frame(0x10, message(f1=number)) for number in (1, 2, 1 << 63))
    yield "good-part", frame(0x20, message(f1=bytes(32), f2=1000), 3) + frame(0x23, b"", 3)
    yield "good-step", frame(0x31, step, 9)
    yield "bad-magic", b"GET / HTTP/1.1\r\nHost: worker\r\n\r\n"
    yield "bad-length", frame(0x10)[:16] + b"\xff" * 8
    yield "bad-half", frame(1, HELLO)[:20]
    yield "bad-step", frame(0x31, step[:-1], 9)


def handshakes():
    yield "good-stranger", b"\0" + frame(1, HELLO)
    yield "good-reply", b"\1" + frame(2, message(f6=bytes(range(32))))
    yield "bad-proof", b"\0" + frame(1, HELLO) + frame(3, message(f1=bytes(32)))
    yield "bad-welcome", b"\1" + frame(2, message(f6=bytes(range(32)))) + frame(4, message(f1=2))
    yield "bad-refusal", b"\1" + frame(5, message(f1=3, f2=b"another key"))
    yield "bad-proved", b"\2" + frame(0x10, message(f1=1))


if __name__ == "__main__":
    targets = {
        "gguf": models(), "hugging-face": directories(), "tokenizer.json": tokenizers(), "template": templates(), "frames": streams(),
        "handshake": handshakes()}
    for target, seeds in targets.items():
        (CORPUS / target).mkdir(exist_ok=True)
        for name, data in seeds:
            (CORPUS / target / name).write_bytes(data)
