#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stands before a TCP port and brings every byte later, in either direction, without making the link slower.

usage: delay.py HOST:PORT TARGET-HOST:PORT MILLISECONDS
"""

import asyncio
import collections
import sys

PIECE = 1 << 18
# Bytes that may be on their way: 10 Gbit/s for 50 ms.
UNDER_WAY = 64 << 20


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


async def carry(reader, writer, delay):
    """Carries bytes from one side to the other until either ends."""
    loop = asyncio.get_running_loop()
    pieces = collections.deque()
    changed = asyncio.Event()
    size = 0

    async def deliver():
        nonlocal size
        while True:
            while not pieces:
                changed.clear()
                await changed.wait()
            due, piece = pieces.popleft()
            await asyncio.sleep(due - loop.time())
            if piece is None:
                writer.write_eof()
                return
            size -= len(piece)
            changed.set()
            writer.write(piece)
            await writer.drain()

    delivery = asyncio.create_task(deliver())
    try:
        while not delivery.done():
            piece = await reader.read(PIECE)
            pieces.append((loop.time() + delay, piece or None))
            size += len(piece)
            changed.set()
            if not piece:
                break
            while size > UNDER_WAY and not delivery.done():
                changed.clear()
                await changed.wait()
        await delivery
    except OSError:
        delivery.cancel()
        writer.close()


async def join(reader, writer, target, delay):
    try:
        other_reader, other_writer = await asyncio.open_connection(*target, limit=PIECE)
    except OSError:
        writer.close()
        return
    await asyncio.gather(carry(reader, other_writer, delay), carry(other_reader, writer, delay))
    writer.close()
    other_writer.close()


async def main(own, target, milliseconds):
    async def accept(reader, writer):
        await join(reader, writer, address(target), float(milliseconds) / 1000)

    server = await asyncio.start_server(accept, *address(own), limit=PIECE)
    await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        asyncio.run(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        pass
