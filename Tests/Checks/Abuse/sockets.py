# SPDX-License-Identifier: MIT
"""Connections by hand: what no library would send, and what really comes back."""
import json
import select
import socket
import time


class Answer:
    def __init__(self, status, fields, body, is_whole):
        self.status, self.fields, self.body, self.is_whole = status, fields, body, is_whole

    def document(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def __str__(self):
        return f"{self.status} {self.body[:160]!r}" + ("" if self.is_whole else " (cut off)")


class Raw:
    """One connection. Nothing here throws because the other side closed: that is an answer as well."""

    def __init__(self, place, timeout=10, receive_bytes=None):
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(timeout)
        self.rest, self.is_open = bytearray(), True
        try:
            self.socket.connect(place)
        except OSError:
            self.is_open = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        """Whether all of it was taken."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def half_close(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def receive(self, seconds, count=65_536):
        """What comes next; empty if the other side closed, None if nothing came in time."""
        try:
            self.socket.settimeout(max(seconds, 0.001))
            return self.socket.recv(count)
        except TimeoutError:
            return None
        except OSError:
            return b""

    def is_closed_within(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.receive(left) == b"":
                return True
        return False

    def more(self, end):
        """Whether another piece has come."""
        piece = self.receive(end - time.monotonic(), 1 << 20) if time.monotonic() < end else None
        if piece:
            self.rest += piece
        elif piece == b"":
            self.is_open = False
        return bool(piece)

    def line(self, end):
        while b"\r\n" not in self.rest:
            if not self.more(end):
                return None
        end = self.rest.index(b"\r\n")
        line = bytes(self.rest[:end])
        del self.rest[:end + 2]
        return line

    def exactly(self, count, end):
        while len(self.rest) < count and self.more(end):
            pass
        body = bytes(self.rest[:count])
        del self.rest[:count]
        return body

    def answer(self, seconds=10, takes_interim=False):
        """The next answer, or None if none came."""
        end = time.monotonic() + seconds
        start = self.line(end)
        if start is None or len(start.split()) < 2 or not start.split()[1].isdigit():
            return None
        status, fields = int(start.split()[1]), {"": start.split()[0].decode(errors="replace")}
        while line := self.line(end):
            name, _, value = line.decode(errors="replace").partition(":")
            fields[name.lower()] = value.strip()
        if status < 200 and status != 101 and not takes_interim:
            return self.answer(end - time.monotonic())
        if status < 200 or status in (204, 304):
            return Answer(status, fields, b"", True)
        if "content-length" in fields:
            length = int(fields["content-length"])
            body = self.exactly(length, end)
            return Answer(status, fields, body, len(body) == length)
        if "chunked" in fields.get("transfer-encoding", "").lower():
            return Answer(status, fields, *self.chunks(end))
        while self.more(end):
            pass
        body = self.exactly(len(self.rest), end)
        return Answer(status, fields, body, not self.is_open)

    def chunks(self, end):
        body = bytearray()
        while (size := self.line(end)) is not None:
            try:
                count = int(size.split(b";")[0], 16)
            except ValueError:
                return bytes(body), False
            body += self.exactly(count, end)
            if self.line(end) is None:
                return bytes(body), False
            if count == 0:
                return bytes(body), True
        return bytes(body), False


def crowd(place, count, first=b""):
    """So many connections, each of which has sent `first`."""
    connections = []
    for _ in range(count):
        connection = Raw(place, timeout=5)
        if connection.is_open and first:
            connection.send(first)
        connections.append(connection)
    return connections


def closed(connections):
    """How many of them the other side has closed; what it says before that is skipped."""
    count = 0
    for connection in connections:
        connection.socket.setblocking(False)
        try:
            while data := connection.socket.recv(65_536):
                pass
            count += data == b""
        except BlockingIOError:
            pass
        except OSError:
            count += 1
    return count


def is_readable(connection, seconds):
    return bool(select.select([connection.socket], [], [], seconds)[0])
