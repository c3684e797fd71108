// SPDX-License-Identifier: MIT
import Foundation
import Glibc
import Synchronization

/// A link with a shape: stands before a worker, and is slow, far away or breaks.
///
/// Plain blocking sockets, two threads a connection: tests have a handful of them.
final class Proxy: Sendable {
    /// What the link does to bytes on their way.
    struct Shape: Sendable {
        /// Time that each piece of up to 64 KiB spends on the way, in either direction.
        var delay: Duration = .zero
        /// Of each connection, towards the worker; `nil` is unlimited.
        var bytesPerSecond: Int?
        /// Bytes towards the worker, over all connections, after which every connection breaks.
        var cutAfterByteCount: Int?
    }

    private struct State {
        var open: Set<Int32> = []
        var forwarded = 0
        var isCut = false
    }

    let port: Int
    private let target: Int
    private let shape: Shape
    private let listener: Int32
    private let state = Mutex(State())

    /// Listens, and connects each client to port `target`.
    init(to target: Int, _ shape: Shape) throws {
        self.target = target
        self.shape = shape
        (listener, port) = try LocalSocket.listen()
        let listener = listener
        Thread.detachNewThread { [weak self] in
            while case let client = accept(listener, nil, nil), client >= 0 {
                if let self { self.join(client) } else { Glibc.close(client) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        Glibc.close(listener)
    }

    var address: String { "127.0.0.1:\(port)" }

    /// Bytes that have gone towards the worker.
    var forwardedByteCount: Int { state.withLock { $0.forwarded } }

    /// Ends every connection and takes no more.
    func close() {
        shutdown(listener, Int32(SHUT_RDWR))
        cut()
    }

    private func cut() {
        state.withLock { state in
            state.isCut = true
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    private func join(_ client: Int32) {
        guard let server = LocalSocket.connect(to: target) else {
            Glibc.close(client)
            return
        }
        let isOpen = state.withLock { state in
            if !state.isCut { state.open.formUnion([client, server]) }
            return !state.isCut
        }
        guard isOpen else {
            Glibc.close(client)
            Glibc.close(server)
            return
        }
        Thread.detachNewThread { [self] in
            let ended = DispatchSemaphore(value: 0)
            Thread.detachNewThread { [self] in
                pump(from: server, to: client, isTowardsWorker: false)
                ended.signal()
            }
            pump(from: client, to: server, isTowardsWorker: true)
            ended.wait()
            state.withLock { $0.open.subtract([client, server]) }
            Glibc.close(client)
            Glibc.close(server)
        }
    }

    /// Carries bytes until either side ends, then ends both.
    private func pump(from source: Int32, to sink: Int32, isTowardsWorker: Bool) {
        let rate = isTowardsWorker ? shape.bytesPerSecond : nil
        var piece = [UInt8](repeating: 0, count: rate.map { min($0 / 50, 65_536) } ?? 65_536)
        while case let count = recv(source, &piece, piece.count, 0), count > 0 {
            if shape.delay > .zero { Thread.sleep(forTimeInterval: shape.delay / .seconds(1)) }
            if let rate { Thread.sleep(forTimeInterval: Double(count) / Double(rate)) }
            if isTowardsWorker, take(count) { break }
            guard send(piece, count, to: sink) else { break }
        }
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(sink, Int32(SHUT_RDWR))
    }

    /// Counts bytes; returns whether the link broke with them.
    private func take(_ count: Int) -> Bool {
        let forwarded = state.withLock { state in
            state.forwarded += count
            return state.forwarded
        }
        guard let limit = shape.cutAfterByteCount, forwarded >= limit else { return false }
        cut()
        return true
    }

    private func send(_ piece: [UInt8], _ count: Int, to sink: Int32) -> Bool {
        var done = 0
        while done < count {
            let sent = piece.withUnsafeBytes { bytes in
                Glibc.send(
                    sink, bytes.baseAddress.map { $0 + done }, count - done, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return false }
            done += sent
        }
        return true
    }
}
