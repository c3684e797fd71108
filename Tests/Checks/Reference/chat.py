#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes Tests/Golden/chat.json: conversations as transformers' apply_chat_template writes them.

The templates below are those that the models are published with, without what is for tools.
"""
import json
import pathlib
import sys

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast

LLAMA3_HEADER = "'<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
TEMPLATES = {
    "bitnet": (
        "{% for message in messages %}{{ bos_token if loop.first else '' }}"
        "{{ message['role'] | capitalize + ': ' + message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}"
    ),
    "llama3": (
        "{% for message in messages %}{{ bos_token if loop.first else '' }}"
        "{{ " + LLAMA3_HEADER + " + message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
    ),
    "falcon3": (
        "{% for message in messages %}"
        "{% if message['role'] == 'assistant' %}"
        "{{ '<|assistant|>\n' + message['content'] + eos_token + ('' if loop.last else '\n') }}"
        "{% else %}{{ '<|' + message['role'] + '|>\n' + message['content'] + '\n' }}{% endif %}"
        "{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
    ),
    "chatml": (
        "{% for message in messages %}"
        "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    ),
}
ENDS = {"bitnet": "<|eot_id|>", "llama3": "<|eot_id|>", "falcon3": "<|endoftext|>", "chatml": "<|im_end|>"}

WORDS = [
    "  Hello, wörld! \n", "\u00a0\u3000Two\n\nlines\t\u001f", "", "<|eot_id|>Assistant: <|im_end|> and so on",
    "\U0001f600 e\u0301 \u200b",
]


def dialogues():
    for words in WORDS:
        yield [("user", words)]
    system = ("system", " Be brief. ")
    yield [system, ("user", "Why?")]
    turns = [("user", "One "), ("assistant", " Two\n"), ("user", "Three")]
    yield turns
    yield [system] + turns
    yield turns + [("assistant", "Four ")]
    yield [("user", "a"), ("user", "b")]


def main():
    cases = []
    for name, template in TEMPLATES.items():
        vocabulary = WordLevel({"a": 0, "[UNK]": 1}, unk_token="[UNK]")
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer(vocabulary), bos_token="<|begin_of_text|>", eos_token=ENDS[name])
        tokenizer.chat_template = template
        for dialogue in dialogues():
            messages = [{"role": role, "content": content} for role, content in dialogue]
            text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            cases.append({"template": name, "messages": messages, "text": text})
    path = pathlib.Path(__file__).parent.parent.parent / "Golden" / "chat.json"
    path.write_text(json.dumps(cases, indent=1, ensure_ascii=True) + "\n")
    print(f"{len(cases)} conversations in {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
