# SPDX-License-Identifier: MIT
"""Bytes that are not the protocol's, or not of this version: what is sent to a worker, or answered in its place."""
import contextlib
import os
import socket
import struct
import threading
import time

CONTROL_BYTES_MAX = 64 << 10
HELLO, HELLO_REPLY = 0x01, 0x02


def header(kind, length, version=1):
    """The header of a frame; `proto/README.md`, Frames."""
    return struct.pack("<4sHBBQII", b"BNCL", version, kind, 0, 0, length, 0)


def messages(kind):
    """One of each, with a word for it: what a frame of this kind must not be."""
    return [
        ("another framing version", header(kind, 4, version=2) + b"\x08\x01\x10\x01"),
        ("random bytes", os.urandom(300)),
        ("the largest length and no payload", header(kind, CONTROL_BYTES_MAX)),
        ("a length above the limit", header(kind, CONTROL_BYTES_MAX + 1)),
        ("a length of 4 GiB", header(kind, 0xFFFF_FFFF)),
        ("a TLS record that is too long", b"\x16\x03\x03\xff\xff" + bytes(64)),
        ("silence", b""),
    ]


def strange(place, seconds):
    """Says each of them to whoever listens there; those that were not closed in time."""
    left = []

    def say(word, data):
        end = time.monotonic() + seconds
        try:
            with socket.create_connection(place, timeout=seconds) as connection:
                connection.sendall(data)
                while connection.recv(4096):
                    connection.settimeout(max(end - time.monotonic(), 0.001))
        except TimeoutError:
            left.append(word)
        except OSError:
            pass

    threads = [threading.Thread(target=say, args=message, daemon=True) for message in messages(HELLO)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return left


class Impostor:
    """Listens in a worker's place, and answers one connection after the other with another message."""

    def __init__(self, listener, dice):
        self.listener, self.taken = listener, []
        self.answers = [data for _, data in messages(HELLO_REPLY)]
        dice.shuffle(self.answers)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            answer = self.answers[len(self.taken) % len(self.answers)]
            self.taken.append(connection)
            with contextlib.suppress(OSError):
                connection.sendall(answer)

    def end(self):
        """How many came; the address is free then, as nothing lingers."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        for open_socket in [self.listener, *self.taken]:
            open_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            open_socket.close()
        return len(self.taken)


def listener(place):
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind(place)
    found.listen(64)
    return found
