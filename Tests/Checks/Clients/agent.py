# SPDX-License-Identifier: MIT
"""OpenAI's Python client as an agent: a conversation of five turns in which two tools are called, whole and streamed.

Its model is a script (`Tests/ClusterGatewayTests/AgentConversationTests.swift`): what it answers depends on what comes
back of its own thoughts and calls, and of what the tools gave.
"""
import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="unused", max_retries=0)
wish = {"model": "tiny", "temperature": 0}

tools = [
    {"type": "function", "function": {
        "name": "temperature", "description": "Degrees in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}},
    {"type": "function", "function": {
        "name": "add", "description": "The sum of numbers.",
        "parameters": {"type": "object", "properties": {"numbers": {"type": "array", "items": {"type": "number"}}}}}},
]
degrees = {"Oslo": -3, "Zürich": 12.5, "null": 0}


def call(name, arguments):
    """What the tools do."""
    if name == "temperature":
        return json.dumps(degrees[arguments["city"]])
    assert name == "add", name
    return json.dumps(sum(arguments["numbers"]))


def whole(messages, **more):
    """An answer in one piece, as the message that goes into the history."""
    answer = client.chat.completions.create(messages=messages, tools=tools, **wish, **more)
    choice = answer.choices[0]
    details = answer.usage.completion_tokens_details
    assert 0 < details.reasoning_tokens < answer.usage.completion_tokens, answer.usage
    return choice.message.model_dump(exclude_none=True), choice.finish_reason


def streamed(messages, **more):
    """The same, put together of a stream's pieces."""
    message, calls, finish, usage = {"role": "assistant"}, {}, None, None
    for piece in client.chat.completions.create(
            messages=messages, tools=tools, stream=True, stream_options={"include_usage": True}, **wish, **more):
        usage = piece.usage or usage
        if not piece.choices:
            continue
        choice = piece.choices[0]
        finish = choice.finish_reason or finish
        for name in ["reasoning_content", "content"]:
            text = getattr(choice.delta, name, None)
            if text:
                message[name] = message.get(name, "") + text
        for part in choice.delta.tool_calls or []:
            if part.id:
                assert part.index == len(calls) and part.type == "function", part
                calls[part.index] = {
                    "id": part.id, "type": part.type, "function": {"name": part.function.name, "arguments": ""}}
            calls[part.index]["function"]["arguments"] += part.function.arguments
    assert 0 < usage.completion_tokens_details.reasoning_tokens < usage.completion_tokens, usage
    if calls:
        message["tool_calls"] = list(calls.values())
    return message, finish


def converse(ask):
    """All turns; what was said, and how each answer ended."""
    messages = [{"role": "system", "content": "You have a thermometer."}]
    finishes = []

    def turn(text=None):
        if text is not None:
            messages.append({"role": "user", "content": text})
        message, finish = ask(messages)
        finishes.append(finish)
        messages.append(message)
        for each in message.get("tool_calls", []):
            arguments = json.loads(each["function"]["arguments"])
            messages.append({
                "role": "tool", "tool_call_id": each["id"], "content": call(each["function"]["name"], arguments)})
        return message

    turn("How warm is it in Oslo, Zürich and null?")
    turn()
    turn()
    turn("And only in Oslo?")
    turn()
    assert finishes == ["tool_calls", "tool_calls", "stop", "tool_calls", "stop"], finishes
    return messages


def without_ids(messages):
    """Calls have other ids each time."""
    ids = {}
    text = json.dumps(messages)
    for message in messages:
        for each in message.get("tool_calls", []):
            ids[each["id"]] = f"call {len(ids)}"
    for name, other in ids.items():
        text = text.replace(name, other)
    assert len(ids) == 5, ids
    return json.loads(text)


said = converse(whole)
assert without_ids(said) == without_ids(converse(streamed))
answers = [message for message in said if message["role"] == "assistant"]
assert [len(answer.get("tool_calls", [])) for answer in answers] == [3, 1, 0, 1, 0], answers
assert [each["function"]["name"] for each in answers[0]["tool_calls"]] == ["temperature"] * 3
assert [json.loads(each["function"]["arguments"]) for each in answers[0]["tool_calls"]] == [
    {"city": "Oslo"}, {"city": "Zürich"}, {"city": "null"}]
assert json.loads(answers[1]["tool_calls"][0]["function"]["arguments"]) == {"numbers": [-3, 12.5, 0]}
assert "content" not in answers[0] and answers[1]["content"] == "I add them.", answers
assert answers[2]["content"] == "Together 9.5: 2 thoughts and 4 calls before.", answers[2]
assert answers[4]["content"] == "-3.", answers[4]
assert all(answer["reasoning_content"] == f"Turn {number}." for number, answer in enumerate(answers, 1)), answers

# One call at a time, none at all, and what cannot be promised.
one, _ = whole(said[:2], parallel_tool_calls=False)
assert len(one["tool_calls"]) == 1, one
none, finish = whole(said[:2], tool_choice="none")
assert "tool_calls" not in none and finish == "stop", none
raw = client.chat.completions.create(
    messages=said[:2], tools=tools, **wish, extra_body={"reasoning_format": "none"}).choices[0].message
assert raw.content == "Turn 1.\n</think>", raw
try:
    whole(said[:2], tool_choice="required")
    raise AssertionError("a call was promised")
except openai.BadRequestError as error:
    assert error.param == "tool_choice", error
print(f"openai {openai.__version__}: as it should be")
