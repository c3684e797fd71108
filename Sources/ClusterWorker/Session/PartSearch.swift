// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import ClusterTransport

/// Looks through the disk for parts, several side by side, the largest first.
struct PartSearch: Sendable {
    let store: PartStore
    /// Files that are hashed at a time.
    let threadCount: Int
    /// Whether anybody waits for what is found.
    let isWanted: @Sendable () -> Bool

    /// - Parameter found: called with each part that is whole, as soon as that is known.
    /// - Returns: of the other ones, how many bytes are there.
    func run(
        _ files: [PartFile], found: @escaping @Sendable (PartFile) -> Void
    ) async throws -> [PartFile: UInt64] {
        let store = store
        let isWanted = isWanted
        return try await withThrowingTaskGroup(of: (PartFile, UInt64?).self) { group in
            var partial: [PartFile: UInt64] = [:]
            for (index, file) in files.sorted(by: { $0.byteCount > $1.byteCount }).enumerated() {
                if index >= threadCount, let (file, byteCount) = try await group.next() {
                    partial[file] = byteCount
                }
                group.addTask {
                    let (byteCount, isComplete) = try await DiskThreads.run {
                        store.presence(of: file, while: isWanted)
                    }
                    if isComplete { found(file) }
                    return (file, isComplete ? nil : byteCount)
                }
            }
            for try await (file, byteCount) in group { partial[file] = byteCount }
            return partial
        }
    }
}
