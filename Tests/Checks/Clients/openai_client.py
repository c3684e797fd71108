# SPDX-License-Identifier: MIT
"""OpenAI's Python client against a coordinator: what it asks for it gets, and errors are of its own classes."""
import json
import sys
import urllib.request

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="unused", max_retries=0)

models = list(client.models.list())
assert [model.id for model in models] == ["stories"], models

# Completions: the same by stream and at once, log-probabilities included.
wish = {"model": "stories", "prompt": "Once upon a time", "max_tokens": 24, "temperature": 0}
whole = client.completions.create(**wish, logprobs=3)
choice = whole.choices[0]
assert choice.finish_reason == "length" and whole.usage.completion_tokens == 24, whole
assert len(choice.logprobs.token_logprobs) == 24 and len(choice.logprobs.top_logprobs) == 24
assert "".join(choice.logprobs.tokens) == choice.text
pieces = list(client.completions.create(**wish, stream=True, stream_options={"include_usage": True}))
assert "".join(piece.choices[0].text for piece in pieces if piece.choices) == choice.text
assert pieces[-1].choices == [] and pieces[-1].usage.total_tokens == whole.usage.total_tokens

# Several prompts, several choices, stop texts, seeds.
many = client.completions.create(
    model="stories", prompt=["One day", "Long ago"], n=2, max_tokens=8, temperature=0.9, seed=3)
assert [choice.index for choice in many.choices] == [0, 1, 2, 3]
again = client.completions.create(
    model="stories", prompt=["One day", "Long ago"], n=2, max_tokens=8, temperature=0.9, seed=3)
assert [choice.text for choice in many.choices] == [choice.text for choice in again.choices]
stopped = client.completions.create(**wish | {"stop": [" was"], "max_tokens": 60})
assert stopped.choices[0].finish_reason == "stop" and " was" not in stopped.choices[0].text

# A prompt is scored.
echo = client.completions.create(
    model="stories", prompt="Once upon a time", echo=True, max_tokens=0, logprobs=1)
assert echo.choices[0].text == "Once upon a time"
assert echo.choices[0].logprobs.token_logprobs[0] is None
assert all(value <= 0 for value in echo.choices[0].logprobs.token_logprobs[1:])

# Conversations.
messages = [{"role": "system", "content": "You tell stories."}, {"role": "user", "content": "Tell me of a fox."}]
answer = client.chat.completions.create(
    model="stories", messages=messages, max_completion_tokens=16, temperature=0, logprobs=True, top_logprobs=2)
assert answer.choices[0].message.role == "assistant"
assert len(answer.choices[0].logprobs.content[0].top_logprobs) == 2
told = client.chat.completions.create(
    model="stories", messages=messages, max_completion_tokens=16, temperature=0, stream=True)
text = "".join(piece.choices[0].delta.content or "" for piece in told)
assert text == answer.choices[0].message.content, (text, answer)
banned = client.chat.completions.create(
    model="stories", messages=messages, max_completion_tokens=4, temperature=0, logit_bias={"13": -100},
    presence_penalty=0.5, frequency_penalty=0.5)
assert banned.usage.completion_tokens <= 4

# As programs that were made for other servers write: whoever speaks where he likes, an answer that is begun, tools that
# must not be called, fields that mean nothing here.
begun = messages + [{"role": "developer", "content": "Be brief."}, {"role": "assistant", "content": "Long ago"}]
habits = client.chat.completions.create(
    model="stories", messages=begun, max_tokens=8, temperature=0, seed=-1, n=None, stop=[], logit_bias=None,
    tools=[{"type": "function", "function": {"name": "f"}}], tool_choice="none", user="u", metadata={"a": "b"},
    store=True, service_tier="auto", response_format={"type": "text"})
asked = urllib.request.Request(
    sys.argv[1].removesuffix("/v1") + "/apply-template", json.dumps({"messages": begun}).encode())
prompt = json.load(urllib.request.urlopen(asked))["prompt"]
assert prompt.endswith("Long ago"), prompt
same = client.completions.create(model="stories", prompt=prompt, max_tokens=8, temperature=0)
assert same.usage.prompt_tokens == habits.usage.prompt_tokens, (same, habits)
assert same.choices[0].text == habits.choices[0].message.content, (same, habits)


def expect(error, **wish):
    try:
        client.completions.create(**{"model": "stories", "prompt": "One day"} | wish)
    except error as caught:
        return caught
    raise AssertionError(f"{wish} was not refused")


assert expect(openai.NotFoundError, model="gpt-9").code == "model_not_found"
assert expect(openai.BadRequestError, suffix="end").param == "suffix"
assert expect(openai.BadRequestError, temperature=-1).param == "temperature"
assert expect(openai.BadRequestError, prompt="fox " * 3000).code == "context_length_exceeded"

# Who leaves in the middle of an answer disturbs nobody.
with client.completions.create(model="stories", prompt="One day", max_tokens=900, stream=True) as stream:
    next(iter(stream))
assert client.completions.create(**wish).choices[0].text == choice.text
print(f"openai {openai.__version__}: as it should be")
