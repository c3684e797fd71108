# SPDX-License-Identifier: MIT
"""Compares the ids of Hugging Face tokenizers, llama.cpp and this project, and writes the golden samples.

python3 compare.py [--lines 6000] [--ctl .build/release/bitnet-ctl] [--golden Tests/Golden/tokenizers] [--show 5]
"""

import argparse
import json
import pathlib
import random
import subprocess
import tempfile
import unicodedata

from tokenizers import Tokenizer

import corpus
import families

TRAINING_SEED, TEST_SEED, GOLDEN_SEED = 1, 2, 3


def hugging_face(path, lines, special=False, normalizes=True):
    tokenizer = Tokenizer.from_file(str(path))
    # Ordinary text must not be able to name a control token; that is how the other two are asked as well.
    tokenizer.encode_special_tokens = not special
    if not normalizes and tokenizer.normalizer:
        tokenizer.normalizer = None
    return [tokenizer.encode(line, add_special_tokens=False).ids for line in lines]


def llama_cpp(path, lines, special=False):
    from llama_cpp import Llama
    model = Llama(str(path), vocab_only=True, verbose=False)
    return [model.tokenize(line.encode(), add_bos=False, special=special) for line in lines]


def this_project(ctl, path, lines, special=False):
    command = [ctl, "tokenize", "--model", str(path), "--json", "--no-beginning"] + (["--special"] if special else [])
    text = "".join(json.dumps(line) + "\n" for line in lines)
    result = subprocess.run(command, input=text, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {result.stderr}")
    return [json.loads(line) for line in result.stdout.splitlines()]


def special_lines(family, lines, seed):
    """Lines with names of special tokens in them, whole and cut."""
    r = random.Random(seed)
    names = families.SPECIALS.get(family, ["<s>", "</s>", "<unk>"]) + ["<kite>"]
    result = []
    for line in lines:
        name = r.choice(names)
        cut = r.choice([name, name, name, name[:-1], name * 2, " " + name, name + "\n"])
        at = r.randrange(len(line) + 1)
        result.append(line[:at] + cut + line[at:])
    return result


def differences(lines, one, other, show):
    found = [i for i in range(len(lines)) if one[i] != other[i]]
    for i in found[:show]:
        names = [unicodedata.name(c, f"U+{ord(c):04X} {unicodedata.category(c)}") for c in dict.fromkeys(lines[i]) if ord(c) > 0x7E]
        print(f"    {lines[i]!r}\n      {one[i]}\n      {other[i]}\n      {names[:12]}")
    return len(found)


def without_young(line):
    """Without characters that Python's Unicode does not know: llama.cpp's tables are as old, and make them no letters."""
    return "".join(c for c in line if unicodedata.category(c) != "Cn")


def unexplained(family, directory, lines, one, other, special):
    """Of the lines for which llama.cpp differs, those that still do without such characters."""
    found = [without_young(lines[i]) for i in range(len(lines)) if one[i] != other[i]]
    expected = hugging_face(directory / f"{family}.json", found, special, family == "sentencepiece")
    return sum(a != b for a, b in zip(expected, llama_cpp(directory / f"{family}.gguf", found, special)))


def compare(family, directory, arguments):
    texts = corpus.corpus(arguments.lines, TEST_SEED)
    for kind, lines in (("plain", texts), ("special", special_lines(family, texts[::5], TEST_SEED))):
        special = kind == "special"
        file = directory / f"{family}.json"
        # A GGUF of byte-level BPE says nothing of a normal form, and llama.cpp makes none.
        hf = {normalizes: hugging_face(file, lines, special, normalizes) for normalizes in (True, False)}
        results = []
        if not arguments.without_llama:
            results.append(("llama.cpp", family == "sentencepiece", llama_cpp(directory / f"{family}.gguf", lines, special)))
        if arguments.ctl:
            results.append(("this, tokenizer.json", True, this_project(arguments.ctl, file, lines, special)))
            gguf = this_project(arguments.ctl, directory / f"{family}.gguf", lines, special)
            results.append(("this, GGUF", family == "sentencepiece", gguf))
        for name, normalizes, ids in results:
            print(f"{family}, {kind}: {len(lines)} lines, hf - {name}:")
            print(f"  {differences(lines, hf[normalizes], ids, arguments.show)} lines differ")
            if name == "llama.cpp" and hf[normalizes] != ids:
                rest = unexplained(family, directory, lines, hf[normalizes], ids, special)
                print(f"  {rest} of them without what Unicode {unicodedata.unidata_version} does not know")
        print(f"{family}, {kind}: {sum(a != b for a, b in zip(hf[True], hf[False]))} lines are others in its normal form")


def golden_cases(family, source, texts, special):
    """Texts and ids; also those without a normal form, where that makes a difference."""
    cases = []
    plain = hugging_face(source, texts, special, normalizes=family not in families.QWENS)
    for text, ids, raw in zip(texts, hugging_face(source, texts, special), plain):
        cases.append({"text": text, "ids": ids} | ({} if ids == raw else {"raw": raw}))
    return cases


def write_golden(family, directory, golden):
    """A few hundred texts with the ids of Hugging Face."""
    texts = corpus.corpus(450, GOLDEN_SEED)
    special = special_lines(family, texts[::10], GOLDEN_SEED)
    source = directory / f"{family}.json"
    value = {"plain": golden_cases(family, source, texts, False), "with_specials": golden_cases(family, source, special, True)}
    rows = {key: ",\n".join(json.dumps(item, separators=(",", ":")) for item in items) for key, items in value.items()}
    text = "{\n" + ",\n".join(f'"{key}":[\n{items}\n]' for key, items in rows.items()) + "\n}\n"
    (golden / f"{family}.ids.json").write_text(text)
    for suffix in ("json", "gguf"):
        (golden / f"{family}.{suffix}").write_bytes((directory / f"{family}.{suffix}").read_bytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=6000)
    parser.add_argument("--ctl", help="bitnet-ctl; without it only the other two are compared")
    parser.add_argument("--golden", type=pathlib.Path, help="where to write golden files")
    parser.add_argument("--without-llama", action="store_true", help="compare with Hugging Face alone")
    parser.add_argument("--show", type=int, default=3, help="differences to print")
    parser.add_argument("--families", default=",".join(list(families.PRE_TOKENIZERS) + ["sentencepiece"]))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        families.make(directory)
        for family in arguments.families.split(","):
            if arguments.golden:
                write_golden(family, directory, arguments.golden)
            compare(family, directory, arguments)


if __name__ == "__main__":
    main()
