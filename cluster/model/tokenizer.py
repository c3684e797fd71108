# SPDX-License-Identifier: MIT
"""Trains the byte-level BPE of the embedded model (Llama-3 pre-tokeniser).

    python3 tokenizer.py corpus.txt tokenizer.json
"""

import sys

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus import BOS, EOS, EOT

SPECIALS = [BOS, EOS, EOT]
VOCABULARY = 2048

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def empty():
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def train(texts, vocabulary=VOCABULARY):
    """The specials come last, as in Llama-3, so that byte and merge ids stay dense."""
    tokenizer = empty()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(SPECIALS), min_frequency=2, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens(SPECIALS)
    return tokenizer


def main():
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        text = file.read()
    for special in SPECIALS:
        text = text.replace(special, "\n")
    tokenizer = train(text.splitlines(keepends=True))
    tokenizer.save(target)
    print(f"{tokenizer.get_vocab_size()} entries")


if __name__ == "__main__":
    main()
