// SPDX-License-Identifier: MIT

import BitNetCore
package import NIOCore

/// Cuts a byte stream into frames.
///
/// Each byte is copied once, into the memory of its frame, which is allocated when the header has been checked.
/// What is held is at most what the caller fed since the last ``next()`` and one unfinished frame. After an
/// error the decoder yields the frames before it, then the error for ever.
package struct FrameDecoder: Sendable {
    /// Of the next frame, until they are all there.
    private var headerBytes = ByteBuffer()
    private var unfinished: UnfinishedFrame?
    private var finished: [Frame] = []
    private var nextIndex = 0
    private var failure: WireError?
    /// What the peer may send at all, whatever the type's own limit, bytes: strangers get less than members.
    package var payloadBytesMax = Limits.activationBytesMax

    package init() {}

    /// Takes bytes in the order of their arrival.
    ///
    /// Bytes after an error are dropped.
    package mutating func append(_ bytes: ByteBuffer) {
        var rest = bytes
        while failure == nil, rest.readableBytes > 0 {
            if unfinished == nil {
                takeHeader(from: &rest)
            } else {
                unfinished?.take(from: &rest)
            }
            finishIfWhole()
        }
    }

    /// The next whole frame, or `nil` if more bytes are needed.
    package mutating func next() throws(WireError) -> Frame? {
        if nextIndex < finished.count {
            defer { nextIndex += 1 }
            return finished[nextIndex]
        }
        finished.removeAll(keepingCapacity: finished.capacity <= 64)
        nextIndex = 0
        if let failure { throw failure }
        return nil
    }

    private mutating func takeHeader(from rest: inout ByteBuffer) {
        headerBytes.take(FrameHeader.byteCount - headerBytes.readableBytes, from: &rest)
        guard headerBytes.readableBytes == FrameHeader.byteCount else { return }
        do throws(WireError) {
            let header = try FrameHeader(decoding: headerBytes)
            guard header.payloadByteCount <= payloadBytesMax else {
                throw WireError(
                    .limit,
                    "the peer announced a \(header.type) frame of \(header.payloadByteCount) bytes; before it has "
                        + "proved itself at most \(payloadBytesMax) are taken")
            }
            headerBytes.clear()
            unfinished = UnfinishedFrame(header)
        } catch {
            failure = error
        }
    }

    private mutating func finishIfWhole() {
        guard let frame = unfinished, frame.missingByteCount == 0 else { return }
        finished.append(Frame(frame.header, bytes: frame.bytes))
        unfinished = nil
    }
}

/// A frame whose header has been checked, as far as it has come.
private struct UnfinishedFrame {
    let header: FrameHeader
    private(set) var bytes: ByteBuffer

    init(_ header: FrameHeader) {
        self.header = header
        bytes = header.begin()
    }

    var missingByteCount: Int { header.frameByteCount - bytes.readableBytes }

    mutating func take(from rest: inout ByteBuffer) {
        bytes.take(missingByteCount, from: &rest)
    }
}

extension ByteBuffer {
    /// Appends the next `count` bytes of `source`, or all if it has fewer.
    fileprivate mutating func take(_ count: Int, from source: inout ByteBuffer) {
        guard let piece = source.readSlice(length: min(count, source.readableBytes)) else { return }
        writeImmutableBuffer(piece)
    }
}
