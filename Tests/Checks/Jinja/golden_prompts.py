#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes Tests/Golden/prompts.json: conversations as text and tokens, as Transformers' `apply_chat_template` has them.

Needs transformers and tokenizers (written with 5.24.0 and 0.23.3). The tokenizer is Tests/Golden/tokenizers/qwen2.json;
templates are those of golden_templates.py, by their place there, whose markers it knows.
"""

import json
import pathlib

from transformers import PreTrainedTokenizerFast

from golden_templates import TEMPLATES

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "Tells the weather of a place.", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "description": "Where; e.g. Zürich"}, "days": {"type": "integer"}},
    "required": ["city"]}}}
CLOCK = {"type": "function", "function": {"name": "clock", "description": "", "parameters": {"type": "object", "properties": {}}}}


def call(name, arguments):
    return {"id": "c00000001", "type": "function", "function": {"name": name, "arguments": arguments}}


SYSTEM = {"role": "system", "content": " Be brief. "}
ASK = {"role": "user", "content": "  What is 2 + 2?\n"}
TOOLS_IN_TURN = [
    {"role": "user", "content": "Weather in Zürich?"},
    {"role": "assistant", "content": "", "reasoning_content": "I must look.", "tool_calls": [
        call("get_weather", {"city": "Zürich", "days": 1, "more": [1.5, None, True, {"z": "é", "a": "\"quoted\""}]})]},
    {"role": "tool", "content": "{\"sky\": \"clear\"}", "tool_call_id": "c00000001"},
]
CONVERSATIONS = [
    {"messages": [ASK]},
    {"messages": [SYSTEM, ASK, {"role": "assistant", "content": "It is 4."}, {"role": "user", "content": "Sure?"}]},
    {"messages": [SYSTEM, {"role": "system", "content": "And kind."}, ASK]},
    {"messages": [{"role": "user", "content": "日本語 👩‍👩‍👧 e\u0301 क्षि ß İ \u00a0 'single' \\back don't 1234"}]},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": "One "}, {"type": "text", "text": "two"}]}]},
    {"messages": [ASK], "enable_thinking": False},
    {"messages": [ASK], "enable_thinking": True, "reasoning_effort": "low"},
    {"messages": [ASK, {"role": "assistant", "content": "<think>\nTwo and two.\n</think>\n\nIt is 4."}, {"role": "user", "content": "And 3?"}]},
    {"messages": [ASK, {"role": "assistant", "content": "4", "reasoning_content": "\nAdd them.\n"}, {"role": "user", "content": "Why?"}]},
    {"messages": TOOLS_IN_TURN, "tools": [WEATHER, CLOCK]},
    {"messages": TOOLS_IN_TURN + [{"role": "assistant", "content": "Clear."}, {"role": "user", "content": "And now?"}], "tools": [WEATHER]},
    {"messages": [ASK, {"role": "assistant", "content": "It is"}], "continue_final_message": True},
    {"messages": [SYSTEM, ASK, {"role": "assistant", "content": " It is \n"}], "continue_final_message": True},
    {"messages": [ASK, {"role": "assistant", "content": "It is 4."}], "add_generation_prompt": False},
]


def main():
    file = ROOT / "Golden/tokenizers/qwen2.json"
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(file), eos_token="<|im_end|>", pad_token="<|endoftext|>")
    cases = []
    for place, template in enumerate(TEMPLATES):
        # Of another day tomorrow.
        if "<|im_start|>" not in template or "strftime_now" in template:
            continue
        for number, conversation in enumerate(CONVERSATIONS):
            options = {"add_generation_prompt": not conversation.get("continue_final_message", False)} | conversation
            messages = options.pop("messages")
            try:
                text = tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False, **options)
            except Exception as error:
                print(f"template {place}, conversation {number}: {error}")
                text = None
            ids = None if text is None else tokenizer(text, add_special_tokens=False)["input_ids"]
            cases.append({"template": place, "conversation": number, "text": text, "ids": ids})
    used = sorted({case["template"] for case in cases})
    document = {"templates": {str(place): TEMPLATES[place] for place in used}, "conversations": CONVERSATIONS, "cases": cases}
    (ROOT / "Golden/prompts.json").write_text(
        json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{len(used)} templates, {len(CONVERSATIONS)} conversations, {sum(case['text'] is None for case in cases)} errors")


if __name__ == "__main__":
    main()
