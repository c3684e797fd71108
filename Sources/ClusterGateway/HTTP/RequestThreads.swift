// SPDX-License-Identifier: MIT
import BitNetCore
import NIOPosix

/// Where requests are decoded and their texts become tokens.
///
/// A large one takes seconds, and on the threads of tasks it would hold up heartbeats and everybody's tokens: workers
/// would take the coordinator for dead. Large ones wait for each other and for nobody else.
enum RequestThreads {
    private static let small = started()
    private static let large = started()

    private static func started() -> NIOThreadPool {
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        return pool
    }

    /// Whoever has been cancelled by the time the thread is free is not served.
    ///
    /// - Parameter byteCount: what there is to look at.
    static func run<Result: Sendable>(
        for byteCount: Int, _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let pool = byteCount > Limits.smallRequestBytesMax ? large : small
        return try await pool.runIfActive(body)
    }
}

extension Prompt {
    /// What there is to make tokens of.
    var byteCount: Int {
        switch self {
        case .text(let text, _): text.utf8.count
        case .tokens(let tokens): tokens.count * MemoryLayout<UInt32>.size
        case .conversation(let conversation): conversation.byteCount
        case .pieces(let pieces):
            pieces.reduce(0) { sum, piece in
                switch piece {
                case .beginning: sum
                case .marker(let text), .text(let text): sum + text.utf8.count
                }
            }
        }
    }
}
