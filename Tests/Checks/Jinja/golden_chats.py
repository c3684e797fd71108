# SPDX-License-Identifier: MIT
"""Conversations, as Transformers hands them to templates."""

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tells the weather of a place, \"now\" or <later> & so on.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Where; e.g. Zürich"},
                "days": {"type": "integer", "default": 3, "enum": [1, 3, 7]},
                "exact": {"type": ["boolean", "null"]},
            },
            "required": ["city"],
        },
    },
}
CLOCK = {"type": "function", "function": {"name": "clock", "description": "", "parameters": {}}}


def says(role, content, **more):
    return {"role": role, "content": content, **more}


def calls(name, arguments, content="", **more):
    call = {"type": "function", "id": "a1b2c3d4e", "function": {"name": name, "arguments": arguments}}
    return says("assistant", content, tool_calls=[call], **more)


def chat(messages, tools=None, add_generation_prompt=True, **more):
    return {
        "messages": messages,
        "tools": tools,
        "documents": None,
        "add_generation_prompt": add_generation_prompt,
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        **more,
    }


USER = says("user", "  What is 2 + 2?\n")
SYSTEM = says("system", " Be brief. ")
ANSWER = says("assistant", "It is 4.")
THOUGHT = says("assistant", "<think>\nTwo and two.\n</think>\n\nIt is 4.")

CHATS = [
    chat([USER]),
    chat([USER], add_generation_prompt=False),
    chat([SYSTEM, USER, ANSWER, says("user", "Sure?")]),
    chat([SYSTEM, USER, ANSWER], add_generation_prompt=False),
    chat([]),
    chat([SYSTEM]),
    chat([SYSTEM, says("system", "And kind."), USER]),
    chat([USER, THOUGHT, says("user", "And 3 + 3?")], enable_thinking=True),
    chat([USER, THOUGHT, says("user", "And 3 + 3?")], enable_thinking=False, reasoning_effort="low"),
    chat(
        [USER, says("assistant", "4", reasoning_content="\nAdd them.\n"), says("user", "Why?"), ANSWER],
        add_generation_prompt=False,
    ),
    chat([says("user", "Weather in Zürich?")], tools=[WEATHER, CLOCK]),
    chat(
        [
            SYSTEM,
            says("user", "Weather in Zürich?"),
            calls("get_weather", {"city": "Zürich", "days": 1, "exact": True, "more": None, "to": [1.5, "é"]}),
            says("tool", "{\"sky\": \"clear\"}", tool_call_id="a1b2c3d4e", name="get_weather"),
            says("tool", "12 o'clock", tool_call_id="a1b2c3d4f", name="clock"),
            says("assistant", "Clear."),
            says("user", "Thanks"),
        ],
        tools=[WEATHER],
        enable_thinking=True,
    ),
    chat(
        [
            says("user", "Time?"),
            calls("clock", "{\"zone\": \"UTC\"}", content="Let me look.", reasoning_content="A tool."),
            says("tool", {"time": 12, "zone": "UTC"}, tool_call_id="a1b2c3d4e"),
        ],
        tools=[CLOCK],
    ),
    chat(
        [
            says("user", [{"type": "text", "text": "What is "}, {"type": "image"}, {"type": "text", "text": "it?"}]),
            says("assistant", [{"type": "text", "text": "A cat."}]),
        ]
    ),
    chat([says("user", "日本語 👩‍👩‍👧 é e\u0301 \u00a0ß İ \u2028 \"quoted\" 'single' \\back")]),
    chat([says("user", "")]),
    chat([says("assistant", "Hello"), USER]),
    chat([USER, says("user", "again"), ANSWER, ANSWER]),
    chat([says("user", "tags <|im_start|> {{ bad }} {% raw %} </think> [INST]")], date_string="01 Jan 2025"),
    chat([says("user", None), says("assistant", None, tool_calls=[])]),
    chat([says("developer", "Rules."), USER], tools=[], custom_tools=[CLOCK], builtin_tools=["search", "code"]),
]
