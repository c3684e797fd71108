# SPDX-License-Identifier: MIT
"""Who has no key, on the ports of workers."""
import os
import ssl
import struct
import time

from sockets import Raw, closed, crowd

from .attack import Attack

#: What a listener may take to close on somebody who proves nothing: five seconds, and some for a busy machine.
PATIENCE = 9


def varint(value):
    data = b""
    while value > 127:
        data, value = data + bytes([value & 127 | 128]), value >> 7
    return data + bytes([value])


def texts(fields):
    """Protobuf of byte strings, by field number."""
    return b"".join(varint(number << 3 | 2) + varint(len(value)) + value for number, value in fields.items())


def frame(kind, payload, length=None):
    return struct.pack(
        "<4sHBBQII", b"BNCL", 1, kind, 0, 0, len(payload) if length is None else length, 0) + payload


def hello(target, role):
    """A first frame as a coordinator would send it that says that it has a key."""
    payload = varint(1 << 3) + varint(1) + varint(2 << 3) + varint(9)
    payload += texts({4: b"abuse", 5: target.cluster_name.encode(), 6: b"stranger"})
    payload += varint(7 << 3) + varint(role) + varint(8 << 3 | 1) + os.urandom(8)
    return frame(1, payload + texts({9: os.urandom(32)}) + varint(10 << 3) + varint(1))


class OnWorkers(Attack):
    """Something that is sent to a worker, which must then close."""

    right = "the worker closes within its five seconds, and the pipeline stays up"

    def data(self):
        raise NotImplementedError

    def run(self):
        losses = self.target.losses()
        with Raw(self.dice.choice(self.target.workers).place) as stranger:
            stranger.send(self.data())
            start = time.monotonic()
            self.must(stranger.is_closed_within(PATIENCE), f"not closed in {time.monotonic() - start:.1f} s")
        self.target.stays(self, losses)


class Garbage(OnWorkers):
    def data(self):
        return self.dice.randbytes(self.dice.randint(1, 4096))


class HalfAHeader(OnWorkers):
    def data(self):
        return frame(1, b"")[:self.dice.randint(1, 23)]


class HalfAHello(OnWorkers):
    def data(self):
        whole = hello(self.target, 1)
        return whole[:self.dice.randint(25, len(whole) - 1)]


class LargestLength(OnWorkers):
    def data(self):
        return frame(self.dice.choice([1, 0x22, 0x31, 0x33, 0xFF]), os.urandom(64), length=2**32 - 1)


class TLSHello(OnWorkers):
    def data(self):
        return b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(506)


class HTTPRequest(OnWorkers):
    def data(self):
        return b"GET /health HTTP/1.1\r\nHost: worker\r\n\r\n"


def certificateless():
    """What encrypts for somebody who trusts everybody and has no certificate himself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def client_hello():
    """The first bytes of an encrypted connection."""
    outgoing = ssl.MemoryBIO()
    try:
        certificateless().wrap_bio(ssl.MemoryBIO(), outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


class WithoutEncryption(OnWorkers):
    """The handshake in every role, in plain."""

    right = "a peer that does not encrypt is told so before it has heard anything, and the pipeline stays up"

    def run(self):
        losses = self.target.losses()
        for role in range(0, 10):
            with Raw(self.dice.choice(self.target.workers).place) as stranger:
                stranger.send(hello(self.target, role))
                reply = stranger.exactly(24, time.monotonic() + PATIENCE)
                self.must(len(reply) == 24 and reply[6] == 5, f"role {role}: frame {reply.hex()}")
                self.must(stranger.is_closed_within(PATIENCE), f"role {role}: stays open")
        self.target.stays(self, losses)


class WithoutCertificate(OnWorkers):
    """Encrypted, by somebody whom nobody has given a certificate."""

    right = "the connection ends without a frame, and the pipeline stays up"

    def run(self):
        losses = self.target.losses()
        for role in range(0, 10):
            with Raw(self.dice.choice(self.target.workers).place, timeout=PATIENCE) as stranger:
                try:
                    with certificateless().wrap_socket(stranger.socket) as encrypted:
                        encrypted.sendall(hello(self.target, role))
                        heard = encrypted.recv(24)
                except TimeoutError:
                    heard = b"nothing, and it stays open"
                except OSError:
                    continue
                self.must(not heard, f"role {role}: heard {heard}")
        self.target.stays(self, losses)


class SilentCrowd(Attack):
    right = "who does speak is answered within five seconds, the silent are closed, and the pipeline stays up"
    variants = ("64", "500")

    def run(self):
        losses = self.target.losses()
        worker = self.dice.choice(self.target.workers)
        silent = crowd(worker.place, int(self.variant))
        time.sleep(0.5)
        # The beginning of somebody who looks honest, which a worker without room would not even read.
        with Raw(worker.place) as speaker:
            start = time.monotonic()
            speaker.send(client_hello())
            reply = speaker.exactly(6, start + PATIENCE)
            is_server_hello = reply[:2] == b"\x16\x03" and reply[5:] == b"\x02"
            self.must(
                is_server_hello,
                f"beside the silent a hello got {reply.hex() or 'nothing'} in {time.monotonic() - start:.1f} s")
        time.sleep(PATIENCE)
        count = closed(silent)
        self.must(count == len(silent), f"{len(silent) - count} of {len(silent)} silent ones are still open")
        for stranger in silent:
            stranger.close()
        self.target.stays(self, losses)


class PortScan(Attack):
    right = "connections that close at once change nothing, and write no warnings by the hundred"

    def run(self):
        losses, begun = self.target.losses(), time.monotonic()
        places = [worker.place for worker in self.target.workers]
        places += [self.target.place, self.target.admin]
        lines = self.target.warnings()
        while time.monotonic() < begun + 6:
            for place in places:
                Raw(place).close()
            time.sleep(0.02)
        more = self.target.warnings() - lines
        self.must(more < 100, f"{more} lines of warnings in the logs")
        self.target.stays(self, losses)
