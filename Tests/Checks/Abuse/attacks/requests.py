# SPDX-License-Identifier: MIT
"""HTTP as nobody should speak it, and as some really do, on the users' port and on the operator's."""
import gzip
import json
import time

from sockets import Raw, closed, crowd

from .attack import Attack

TINY = {"prompt": "One day", "max_tokens": 1, "temperature": 0}
STREAM = {"prompt": "Once upon a time", "max_tokens": 200, "stream": True, "temperature": 0, "ignore_eos": True}
LARGEST = 16 << 20


class OnHTTP(Attack):
    """Some HTTP on either port."""

    variants = ("users", "operator")

    @property
    def place(self):
        return self.target.admin if self.variant == "operator" else self.target.place

    def open(self, **options):
        return Raw(self.place, **options)

    def head(self, method="GET", path="/ready", *lines, version="1.1", host=True):
        """A head that ends with an empty line; the key is sent where one is wanted."""
        host_line = [f"Host: {self.place[0]}:{self.place[1]}"] if host else []
        key = [f"Authorization: Bearer {self.target.abuser_key}"] if self.place == self.target.place else []
        return "\r\n".join([f"{method} {path} HTTP/{version}", *host_line, *key, *lines, "", ""]).encode()

    def post(self, body, *lines, path="/v1/completions", version="1.1"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.head(
            "POST", path, "Content-Type: application/json", f"Content-Length: {len(data)}", *lines,
            version=version) + data

    def asked(self, data, seconds=10):
        with self.open() as connection:
            connection.send(data)
            return connection.answer(seconds)

    def must_be(self, statuses, answer, what):
        self.must(answer is not None and answer.status in statuses, f"{what}: {answer}")
        return answer

    def goes_on(self, connection, what):
        """Another request is answered, or the connection has been closed."""
        connection.send(self.head())
        answer = connection.answer(5)
        self.must(answer.status == 200 if answer else not connection.is_open, f"the next request {what}: {answer}")


class IdleConnections(OnHTTP):
    right = "beside 1,100 idle connections users and the operator are answered"

    def run(self):
        idle = crowd(self.place, 1100)
        for _ in range(4):
            self.tiny_answers()
            self.operator_answers()
            time.sleep(1)
        for connection in idle:
            connection.close()


class SlowHeads(OnHTTP):
    right = "a header that takes longer than 10 s is cut off"

    def run(self):
        slow = crowd(self.place, 64, b"GET /ready HTTP/1.1\r\n")
        end = time.monotonic() + 14
        while time.monotonic() < end:
            for connection in slow:
                connection.send(b"x")
            time.sleep(0.5)
        count = closed(slow)
        self.must(count == len(slow), f"{len(slow) - count} of {len(slow)} are still open after 14 s")
        for connection in slow:
            connection.close()


class SlowBodies(OnHTTP):
    variants = ("users",)
    right = "16 connections that hold 16 MiB less one byte delay nobody, and are cut off after 30 s"

    def run(self):
        head = self.head("POST", "/v1/completions", f"Content-Length: {LARGEST}")
        slow = crowd(self.place, 16, head)
        body = b'{"prompt": "' + b"a" * (LARGEST - 13)
        for connection in slow:
            connection.socket.settimeout(30)
            connection.send(body)
        for _ in range(8):
            self.tiny_answers()
            time.sleep(1)
        time.sleep(26)
        count = closed(slow)
        self.must(count == len(slow), f"{len(slow) - count} of {len(slow)} are still open after 34 s")
        for connection in slow:
            connection.close()


class SlowReaders(OnHTTP):
    variants = ("users",)
    right = "8 readers of a byte a second cost at most 256 MB"

    def run(self):
        before = self.target.resident("coordinator")
        body = {"content": "the fox " * 60_000, "with_pieces": True}
        readers = [self.open(receive_bytes=4096) for _ in range(8)]
        for reader in readers:
            reader.send(self.post(body, path="/tokenize"))
        peak = before
        for _ in range(20):
            for reader in readers:
                reader.receive(0.01, count=1)
            peak = max(peak, self.target.resident("coordinator"))
            time.sleep(0.9)
        self.tiny_answers()
        self.must(peak - before < 256e6, f"the coordinator grew by {(peak - before) / 1e6:.0f} MB")
        for reader in readers:
            reader.close()


class Upgrades(OnHTTP):
    right = "an upgrade that is not known is ignored: the request is answered at once, and the next one, too"

    def run(self):
        settings = "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA"
        upgrades = {
            "h2c": ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", settings),
            "websocket": ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
            "TLS": ("Connection: Upgrade", "Upgrade: TLS/1.2"),
        }
        for name, lines in upgrades.items():
            with self.open() as connection:
                connection.send(self.head("GET", "/ready", *lines))
                self.must_be([200], connection.answer(5), f"GET with Upgrade: {name}")
                self.goes_on(connection, f"after Upgrade: {name}")
            if self.variant == "users":
                with self.open() as connection:
                    connection.send(self.post(TINY, *lines))
                    self.must_be([200], connection.answer(20), f"POST with Upgrade: {name}")
                    self.goes_on(connection, f"after a POST with Upgrade: {name}")


class Connect(OnHTTP):
    right = "CONNECT is refused with 4xx or 501, at once"

    def run(self):
        with self.open() as connection:
            connection.send(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")
            self.must_be([*range(400, 430), 501], connection.answer(5), "CONNECT")
            self.goes_on(connection, "after CONNECT")


class Hosts(OnHTTP):
    right = "a request of HTTP/1.1 without a Host, or with two, is a 400"

    def run(self):
        self.must_be([400], self.asked(self.head(host=False), 5), "no Host")
        self.must_be([400], self.asked(self.head("GET", "/ready", "Host: two"), 5), "two Hosts")


class ForeignPage(OnHTTP):
    """What a page in the operator's browser could send."""

    variants = ("operator",)
    group = "placement"
    right = "requests with a foreign Host or Origin are 4xx and drain nothing"

    def run(self):
        refused = range(400, 500)
        host = f"Host: {self.place[0]}:{self.place[1]}"
        pages = {
            "foreign Host": ("GET", "/v1/status", "Host: evil.example"),
            "drain by a form": ("POST", "/v1/drain", host, "Origin: http://evil.example", "Content-Length: 0"),
            "drain by a sandbox": ("POST", "/v1/drain", host, "Origin: null", "Content-Length: 0"),
            "drain across sites": ("POST", "/v1/drain", host, "Sec-Fetch-Site: cross-site", "Content-Length: 0"),
            "replan by a form": ("POST", "/v1/replan", host, "Origin: http://evil.example", "Content-Length: 0"),
        }
        for name, (method, path, *lines) in pages.items():
            answer = self.asked(self.head(method, path, *lines, host=False), 5)
            self.must_be(refused, answer, name)
            if path == "/v1/drain" and answer is not None and answer.status < 300:
                self.target.operator("DELETE", "/v1/drain")


class BadChunks(OnHTTP):
    right = "chunks that are none are a 400 or the end of the connection, never an answer"

    def run(self):
        path = "/v1/drain?worker=nobody" if self.variant == "operator" else "/v1/completions"
        for chunk in [b"zz\r\n", b"-1\r\n", b"FFFFFFFFFFFFFFFFF\r\n", b"0x5\r\nhello\r\n", b"5\r\nhelloXX\r\n"]:
            head = self.head("POST", path, "Transfer-Encoding: chunked")
            with self.open() as connection:
                connection.send(head + chunk + b"\r\n")
                answer = connection.answer(8)
                self.must(
                    answer.status in range(400, 500) if answer else not connection.is_open, f"{chunk}: {answer}")


class HugeFields(OnHTTP):
    right = "header fields beyond 32 KiB or 100 are 4xx or the end of the connection"

    def run(self):
        for name, lines in {
            "one of a megabyte": ["X-Long: " + "a" * (1 << 20)],
            "5,000 of them": [f"X-{index}: a" for index in range(5000)],
            "a long path": [],
        }.items():
            path = "/ready" if lines else "/" + "a" * 200_000
            with self.open() as connection:
                connection.send(self.head("GET", path, *lines))
                answer = connection.answer(8)
                self.must(
                    answer.status in range(400, 500) if answer else not connection.is_open, f"{name}: {answer}")


class Pipelining(OnHTTP):
    right = "100 requests in one packet get 100 answers"

    def run(self):
        with self.open() as connection:
            connection.send(self.head() * 100)
            count = 0
            while (answer := connection.answer(10)) and answer.status == 200:
                count += 1
                if count == 100:
                    break
            self.must(count == 100, f"{count} answers, then {answer}")


class HalfClosed(OnHTTP):
    right = "a client that has closed its sending half gets its whole answer"

    def run(self):
        with self.open() as connection:
            connection.send(self.head() if self.variant == "operator" else self.post(TINY | {"max_tokens": 40}))
            connection.half_close()
            answer = self.must_be([200], connection.answer(20), "half closed")
            self.must(answer is None or answer.is_whole, f"half closed: {answer}")


class Leaving(OnHTTP):
    right = "clients that leave amid their streams end what ran for them"

    def run(self):
        for _ in range(10):
            leaving = [self.open() for _ in range(4)]
            for connection in leaving:
                connection.send(
                    self.head("GET", "/v1/events") if self.variant == "operator" else self.post(STREAM))
            time.sleep(self.dice.uniform(0.05, 0.8))
            for connection in leaving:
                connection.close()
        self.tiny_answers()


class OldVersion(OnHTTP):
    right = "HTTP/1.0 gets an answer without chunks, and the connection is closed"

    def run(self):
        requests = {"GET": self.head(version="1.0", host=False)}
        if self.variant == "users":
            requests |= {"POST": self.post(TINY, version="1.0"),
                         "stream": self.post(STREAM | {"max_tokens": 5}, version="1.0")}
        for name, data in requests.items():
            with self.open() as connection:
                connection.send(data)
                answer = self.must_be([200], connection.answer(20), f"{name} of HTTP/1.0")
                if answer:
                    self.must("transfer-encoding" not in answer.fields, f"{name} of HTTP/1.0 has chunks")
                    self.must(
                        not connection.is_open or connection.is_closed_within(3),
                        f"{name} of HTTP/1.0: the connection stays open")


class Expectations(OnHTTP):
    variants = ("users",)
    right = "Expect: 100-continue is answered before the body, and too large a body before it is sent"

    def run(self):
        data = json.dumps(TINY).encode()
        lines = ("Content-Type: application/json", "Expect: 100-continue")
        with self.open() as connection:
            connection.send(self.head("POST", "/v1/completions", *lines, f"Content-Length: {len(data)}"))
            self.must_be([100], connection.answer(2, takes_interim=True), "Expect")
            connection.send(data)
            self.must_be([200], connection.answer(20), "the body after it")
        with self.open() as connection:
            connection.send(self.head("POST", "/v1/completions", *lines, f"Content-Length: {LARGEST * 4}"))
            self.must_be([413, 417], connection.answer(5, takes_interim=True), "Expect with 64 MiB")


class Compressed(OnHTTP):
    variants = ("users",)
    right = "a compressed body is a 415"

    def run(self):
        body = gzip.compress(json.dumps(TINY).encode())
        self.must_be([415], self.asked(self.post(body, "Content-Encoding: gzip")), "gzip")
        bomb = gzip.compress(bytes(64 << 20))
        self.must_be([415], self.asked(self.post(bomb, "Content-Encoding: gzip")), "64 MB of zeros, gzip")


class OtherProtocols(OnHTTP):
    right = "TLS, HTTP/2 and noise are a 400 or the end of the connection within 10 s"

    def run(self):
        for name, data in {
            "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(506),
            "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
            "noise": self.dice.randbytes(2000),
        }.items():
            with self.open() as connection:
                connection.send(data)
                answer = connection.answer(12)
                self.must(answer.status >= 400 if answer else not connection.is_open, f"{name}: {answer}")


class WithoutKey(OnHTTP):
    variants = ("users",)
    right = "without the key, or with another, it is a 401, and bodies are not read"

    def run(self):
        for key in ["", "Authorization: Bearer wrong\r\n", f"Authorization: Basic {'a' * 600}\r\n"]:
            for _ in range(50):
                head = f"POST /v1/completions HTTP/1.1\r\nHost: {self.place[0]}:{self.place[1]}\r\n{key}"
                answer = self.asked(head.encode() + b"Content-Length: 2\r\n\r\n{}")
                self.must_be([401], answer, key or "no key")
