# SPDX-License-Identifier: MIT
"""Requests with the key that ask for much, or for what no number can be."""
import json
import threading
import time

from sockets import Raw

from .attack import Attack
from .requests import TINY

WORDS = "Once upon a time there was a little fox who wanted to see the sea. "
#: 429 and 503 are right as well where they say when to come again.
TAKEN = [200, 400, 413, 429, 503]


class Work(Attack):
    """Posts, several at a time, that must be answered or refused by name."""

    right = ""

    def post(self, path, body, seconds=60):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.target.ask("POST", path, data, timeout=seconds)

    def posted(self, path, body, statuses, what, seconds=60):
        answer = self.post(path, body, seconds)
        is_right = answer is not None and answer.is_whole and answer.status in statuses
        if is_right and answer.status in (429, 503):
            is_right = "retry-after" in answer.fields
        self.must(is_right, f"{what}: {answer}")
        return answer

    def side_by_side(self, count, work):
        threads = [threading.Thread(target=work, args=(index,)) for index in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def run(self):
        losses = self.target.losses()
        self.work()
        self.target.stays(self, losses)

    def work(self):
        raise NotImplementedError


class LargeTokenize(Work):
    right = "8 MiB to /tokenize with pieces is answered or refused, and the pipeline stays up"

    def work(self):
        text = (WORDS * (1 + (8 << 20) // len(WORDS)))[:8 << 20]
        self.posted("/tokenize", {"content": text, "with_pieces": True}, TAKEN, "8 MiB with pieces", 120)


class ManyTokenizes(Work):
    right = "six of 4 MiB to /tokenize are answered or refused, and the pipeline stays up"

    def work(self):
        data = json.dumps({"content": (WORDS * 70_000)[:4 << 20]}).encode()
        self.side_by_side(6, lambda _: self.posted("/tokenize", data, TAKEN, "4 MiB", 120))


class LongPrompts(Work):
    right = "24 prompts of 8 MB are refused as too long, and the pipeline stays up"

    def work(self):
        data = json.dumps({"prompt": (WORDS * 130_000)[:8_000_000], "max_tokens": 1}).encode()
        statuses = [400, 413, 429, 503]
        self.side_by_side(24, lambda _: self.posted("/v1/completions", data, statuses, "8 MB", 120))


class ManyChoices(Work):
    right = "n = 128 of 1,000 tokens delays others by their share, and ends when its client leaves"

    def work(self):
        body = {"prompt": "One day", "n": 128, "max_tokens": 1000, "ignore_eos": True, "stream": True}
        with Raw(self.target.place) as connection:
            connection.send(self.target.head("POST", "/v1/completions", json.dumps(body).encode()))
            end = time.monotonic() + 15
            while time.monotonic() < end and connection.receive(1) != b"":
                pass
        self.tiny_answers(30)


class ManySmall(Work):
    right = "2,000 tiny requests by 32 clients are all answered, or refused with Retry-After"

    def work(self):
        def client(_):
            for _ in range(62):
                self.posted("/v1/completions", TINY, [200, 429, 503], "a tiny request")

        self.side_by_side(32, client)


class DeepJSON(Work):
    right = "JSON that is too deep is a 400"

    def work(self):
        for depth in (513, 100_000, 4_000_000):
            for path in ("/v1/completions", "/tokenize"):
                for opening, closing in (("[", "]"), ('{"a":', "}")):
                    text = '{"prompt": %s1%s}' % (opening * depth, closing * depth)
                    if len(text) < 16 << 20:
                        self.posted(path, text.encode(), [400], f"{depth} {opening} to {path}")
        self.posted("/v1/completions", b'{"prompt": ' + b"[" * 100_000, [400], "never closed")


class LoneSurrogates(Work):
    right = "half a surrogate pair is taken, or a 400 that calls it by its name"

    def work(self):
        for path, text in {
            "/v1/completions": '{"prompt": "a\\ud800b", "max_tokens": 1}',
            "/tokenize": '{"content": "\\udfff"}',
            "/v1/chat/completions": '{"messages": [{"role": "user", "content": "\\ud83d"}], "max_tokens": 1}',
        }.items():
            answer = self.posted(path, text.encode(), [200, 400], path)
            self.must(b"must be a string" not in answer.body if answer else False, f"{path}: {answer}")


class Numbers(Work):
    right = "numbers that are none, or too large, are a 400 that names the field, or are taken"

    fields = [
        "max_tokens", "max_completion_tokens", "n", "seed", "temperature", "top_p", "top_k", "min_p",
        "presence_penalty", "frequency_penalty", "repetition_penalty", "repeat_penalty", "logprobs",
        "top_logprobs", "best_of"]
    values = [
        "1e400", "-1e400", "1e-400", "-1", "-0", "9223372036854775807", "9223372036854775808",
        "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616", "NaN",
        "Infinity", "0.5", '"1"', "[]", "{}", "true", "1" * 500]

    def work(self):
        for field in self.fields:
            for value in self.values:
                self.number(field, value)
        for prompt in ("[-1]", "[4294967296]", "[9223372036854775808]", "[1e400]", "[0.5]", "[[]]", "[]", "[[1e99]]"):
            text = '{"max_tokens": 1, "prompt": %s}' % prompt
            self.posted("/v1/completions", text.encode(), [200, 400], f"prompt {prompt}")
        for bias in ('{"-1": 1}', '{"4294967296": 1}', '{"1": 1e400}', '{"1": NaN}', '{"99999999": 1}', "[]"):
            text = '{"max_tokens": 1, "prompt": "a", "logit_bias": %s}' % bias
            self.posted("/v1/completions", text.encode(), [200, 400], f"logit_bias {bias}")
        for token in ("-1", "4294967296", "4294967295", "1e400", "99999999"):
            self.posted("/detokenize", b'{"tokens": [%s]}' % token.encode(), [200, 400], f"detokenize {token}")

    def number(self, field, value):
        is_length = field in ("max_tokens", "max_completion_tokens")
        length = "" if is_length else '"max_tokens": 1, '
        stop = '"stop": [" "], ' if is_length else ""
        for path, words in {
            "/v1/completions": '"prompt": "One day"',
            "/v1/chat/completions": '"messages": [{"role": "user", "content": "Tell me of a fox."}]',
        }.items():
            text = '{%s%s"%s": %s, %s}' % (length, stop, field, value, words)
            self.posted(path, text.encode(), [200, 400], f"{field} = {value[:24]} to {path}")
