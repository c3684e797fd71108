# SPDX-License-Identifier: MIT
"""Small vocabularies of every tokenizer family, each as tokenizer.json and as a vocabulary-only GGUF."""

import io
import json
import random

import gguf
import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import corpus

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
QWEN35 = QWEN2.replace(r"]?\p{L}+", r"]?[\p{L}\p{M}]+").replace(r"[^\s\p{L}\p{N}]", r"[^\s\p{L}\p{M}\p{N}]")
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"
FOUR_PASSES = [r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"]
SPECIALS = {
    "llama3": ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"],
    "gpt2": ["<|endoftext|>"],
    "four-pass": ["<|begin_of_text|>", "<|end_of_text|>"],
    "falcon3": ["<|endoftext|>", "<|user|>", "<|assistant|>"],
    "qwen2": ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
    "qwen35": ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
}
UNREACHABLE = ["ĠQuizzify", "Zyzzyva", "Ġxylograph"]
SIZE = 1500


def split(expression, behaviour="isolated", invert=False):
    return pre_tokenizers.Split(Regex(expression), behaviour, invert)


def byte_level(use_regex):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)


PRE_TOKENIZERS = {
    "llama3": lambda: pre_tokenizers.Sequence([split(LLAMA3), byte_level(False)]),
    "gpt2": lambda: byte_level(True),
    "four-pass": lambda: pre_tokenizers.Sequence([split(e) for e in FOUR_PASSES] + [byte_level(False)]),
    "falcon3": lambda: pre_tokenizers.Sequence([split(LLAMA3, "removed", True), byte_level(False)]),
}
QWENS = {"qwen2": QWEN2, "qwen35": QWEN35}
for qwen, expression in QWENS.items():
    PRE_TOKENIZERS[qwen] = lambda expression=expression: pre_tokenizers.Sequence([split(expression), byte_level(False)])
# Text that is no special token, but stands in the text under its own name all the same.
TAGS = ["<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]
PRE_NAMES = {"llama3": "llama-bpe", "gpt2": "gpt-2", "four-pass": "default", "falcon3": "falcon3", "qwen2": "qwen2", "qwen35": "qwen35"}


def byte_level_bpe(family, texts):
    """A tokenizer.json as an object."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = PRE_TOKENIZERS[family]()
    tokenizer.decoder = decoders.ByteLevel()
    if family in QWENS:
        tokenizer.normalizer = normalizers.NFC()
    trainer = trainers.BpeTrainer(vocab_size=SIZE, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
                                  special_tokens=SPECIALS[family] if family in ("gpt2", "falcon3") else [])
    tokenizer.train_from_iterator(texts, trainer)
    if family == "llama3":
        tokenizer = with_unreachable(tokenizer)
    if family in QWENS:
        tokenizer.add_special_tokens(SPECIALS[family])
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
        tokenizer.add_tokens([AddedToken(tag, normalized=False) for tag in TAGS])
    if family in ("llama3", "four-pass"):
        tokenizer.add_special_tokens(SPECIALS[family])
        begin = SPECIALS[family][0]
        tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(
            single=f"{begin} $A", pair=f"{begin} $A {begin}:1 $B:1", special_tokens=[(begin, tokenizer.token_to_id(begin))])])
    tokenizer.add_tokens(["<kite>"])
    model = json.loads(tokenizer.to_str())
    if family == "gpt2":
        model["model"]["merges"] = [" ".join(pair) for pair in model["model"]["merges"]]
    return model


def with_unreachable(tokenizer):
    """Adds words that no merge arrives at: only ignore_merges finds them."""
    model = json.loads(tokenizer.to_str())
    model["model"]["ignore_merges"] = True
    for token in UNREACHABLE:
        model["model"]["vocab"][token] = len(model["model"]["vocab"])
    return Tokenizer.from_str(json.dumps(model))


def sentence_pieces(texts):
    """The model of sentencepiece and the same as tokenizer.json, in Llama-2's form."""
    random.seed(1)
    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(t.replace("\n", " ").replace("\0", "") for t in texts), model_writer=file, model_type="bpe", vocab_size=SIZE,
        byte_fallback=True, character_coverage=0.98, normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True,
        allow_whitespace_only_pieces=True, num_threads=1, minloglevel=2)
    pieces = sentencepiece.SentencePieceProcessor(model_proto=file.getvalue())
    vocabulary = {pieces.id_to_piece(i): i for i in range(len(pieces))}
    scores = [pieces.get_score(i) for i in range(len(pieces))]
    merges = []
    for text, token in vocabulary.items():
        if pieces.is_control(token) or pieces.is_unknown(token) or pieces.is_byte(token):
            continue
        pairs = [(text[:i], text[i:]) for i in range(1, len(text)) if text[:i] in vocabulary and text[i:] in vocabulary]
        merges += [(scores[token], pair) for pair in sorted(pairs, key=lambda p: (vocabulary[p[0]], vocabulary[p[1]]))]
    merges.sort(key=lambda item: -item[0])
    model = {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [dict(id=i, content=c, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
                         for i, c in enumerate(["<unk>", "<s>", "</s>"])],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
        "pre_tokenizer": None,
        "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                           "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                           "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "fuse_unk": True, "byte_fallback": True, "vocab": vocabulary, "merges": [" ".join(pair) for _, pair in merges]},
    }
    kinds = [2 if pieces.is_unknown(i) else 3 if pieces.is_control(i) else 6 if pieces.is_byte(i) else 1 for i in range(len(pieces))]
    return model, scores, kinds


def write_gguf(path, family, model, scores=None, kinds=None):
    """The vocabulary alone; llama.cpp opens it with vocab_only."""
    texts = {i: t for t, i in model["model"]["vocab"].items()}
    types = dict(enumerate(kinds or [1] * len(texts)))
    for token in model["added_tokens"]:
        texts[token["id"]] = token["content"]
        if kinds is None:
            types[token["id"]] = 3 if token["special"] else 4
    ids = sorted(texts)
    assert ids == list(range(len(ids)))
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("llama" if scores else "gpt2")
    writer.add_token_list([texts[i] for i in ids])
    writer.add_token_types([types.get(i, 1) for i in ids])
    if scores:
        writer.add_token_scores(scores)
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_unk_token_id(0)
        writer.add_add_bos_token(True)
    else:
        writer.add_tokenizer_pre(PRE_NAMES[family])
        merges = model["model"]["merges"]
        writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
        named = {t: i for i, t in texts.items()}
        writer.add_bos_token_id(named[SPECIALS[family][0]])
        ends = {"llama3": 1, "four-pass": 1, "qwen2": 2, "qwen35": 2}
        writer.add_eos_token_id(named[SPECIALS[family][ends.get(family, 0)]])
        writer.add_add_bos_token(family in ("llama3", "four-pass"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def make(directory):
    """Writes all families; their names."""
    texts = corpus.corpus(6000, seed=1)
    for family in PRE_TOKENIZERS:
        save(directory, family, byte_level_bpe(family, texts))
    save(directory, "sentencepiece", *sentence_pieces(texts))
    return list(PRE_TOKENIZERS) + ["sentencepiece"]


def save(directory, family, model, *more):
    (directory / f"{family}.json").write_text(json.dumps(model, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    write_gguf(directory / f"{family}.gguf", family, model, *more)
