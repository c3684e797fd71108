# SPDX-License-Identifier: MIT
"""Streamed requests that are drawn from a seed, and everything that an answer says, to be compared."""
import http.client
import json
import random
import time

from cluster import PROMPTS


class Broken(Exception):
    """An answer that did not come to its end.

    `last` is when it said something last, `said` what it had said until then. `status` is 0 if the connection broke;
    `is_told_when` says whether a refusal told when to come again.
    """

    def __init__(self, message, last, said=None, status=0, is_told_when=False):
        super().__init__(message)
        self.last, self.said, self.status, self.is_told_when = last, said or {}, status, is_told_when


def body(number, seed, tokens):
    dice = random.Random(seed * 100_003 + number)
    request = {
        "prompt": dice.choice(PROMPTS), "max_tokens": tokens, "stream": True, "seed": number,
        "temperature": dice.choice([0, 0.7, 1.1]), "logprobs": dice.choice([0, 2]),
        "presence_penalty": dice.choice([0, 0.6]),
    }
    if dice.random() < 0.2:
        request["n"] = 2
    return request


def answer(place, body, key=None, timeout=300, heard=None):
    """Everything that a stream says, choice by choice, and its longest pause in seconds.

    `heard` is called with the times between which each pause was.
    """
    last, said, longest = time.monotonic(), {}, 0
    try:
        connection = http.client.HTTPConnection(*place, timeout=timeout)
        fields = {"Authorization": f"Bearer {key}"} if key else {}
        connection.request("POST", "/v1/completions", json.dumps(body), fields)
        response = connection.getresponse()
        if response.status != 200:
            raise Broken(f"status {response.status}: {response.read()[:300]}", last, status=response.status,
                         is_told_when="Retry-After" in response.headers)
        for line in response:
            if not line.startswith(b"data: "):
                continue
            before, last = last, time.monotonic()
            longest = max(longest, last - before)
            if heard:
                heard(before, last)
            if line.startswith(b"data: [DONE]"):
                return said, longest
            event = json.loads(line[6:])
            if "error" in event:
                raise Broken(f"{event['error']}", last, said, status=500)
            for choice in event["choices"]:
                logprobs = choice["logprobs"] or {}
                said.setdefault(choice["index"], []).append(
                    [choice["text"], logprobs.get("token_logprobs"), logprobs.get("top_logprobs"),
                     choice["finish_reason"], event["system_fingerprint"]])
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as error:
        raise Broken(f"{type(error).__name__}: {error}", last, said) from error
    raise Broken("the stream broke off", last, said)
