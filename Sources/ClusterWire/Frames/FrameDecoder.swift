// SPDX-License-Identifier: MIT

import BitNetCore

/// Cuts a byte stream into frames.
///
/// Each body byte is copied once, into an array of the payload's size that is allocated when the header has
/// been checked. What is held is at most what the caller fed since the last ``next()`` and one unfinished
/// body. After an error the decoder yields the frames before it, then the error for ever.
package struct FrameDecoder: Sendable {
    private var headerBytes: [UInt8] = []
    /// Of the frame whose body is being collected.
    private var header: FrameHeader?
    private var body: [UInt8] = []
    private var finished: [Frame] = []
    private var nextIndex = 0
    private var failure: WireError?
    /// What the peer may send at all, whatever the type's own limit, bytes: strangers get less than members.
    package var payloadBytesMax = Limits.activationBytesMax

    package init() {
        headerBytes.reserveCapacity(FrameHeader.byteCount)
    }

    /// Takes bytes in the order of their arrival.
    ///
    /// Bytes after an error are dropped.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while failure == nil, !rest.isEmpty {
            if let header {
                takeBody(of: header, from: &rest)
            } else {
                takeHeader(from: &rest)
            }
        }
    }

    package mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
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

    /// Whether the stream ends between two frames.
    package var isAtFrameBoundary: Bool { headerBytes.isEmpty && header == nil }

    private mutating func takeHeader(from rest: inout Slice<UnsafeRawBufferPointer>) {
        let taken = rest.prefix(FrameHeader.byteCount - headerBytes.count)
        headerBytes += UnsafeRawBufferPointer(rebasing: taken)
        rest = rest.dropFirst(taken.count)
        guard headerBytes.count == FrameHeader.byteCount else { return }
        do throws(WireError) {
            let header = try FrameHeader(decoding: headerBytes)
            guard header.payloadByteCount <= payloadBytesMax else {
                throw WireError(
                    .limit,
                    "the peer announced a \(header.type) frame of \(header.payloadByteCount) bytes; before it has "
                        + "proved itself at most \(payloadBytesMax) are taken")
            }
            headerBytes.removeAll(keepingCapacity: true)
            body.reserveCapacity(header.payloadByteCount)
            self.header = header
            finishIfWhole(header)
        } catch {
            failure = error
        }
    }

    private mutating func takeBody(of header: FrameHeader, from rest: inout Slice<UnsafeRawBufferPointer>) {
        let taken = rest.prefix(header.payloadByteCount - body.count)
        body += UnsafeRawBufferPointer(rebasing: taken)
        rest = rest.dropFirst(taken.count)
        finishIfWhole(header)
    }

    private mutating func finishIfWhole(_ header: FrameHeader) {
        guard body.count == header.payloadByteCount else { return }
        finished.append(Frame(header: header, payload: body))
        self.header = nil
        body = []
    }
}
