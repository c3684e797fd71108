// SPDX-License-Identifier: MIT

/// Calls `body` for 0..<`count`, at most `limit` at a time, and returns what it returns in this order.
func concurrently<Result: Sendable>(
    _ count: Int, limit: Int, _ body: @escaping @Sendable (Int) async throws -> Result
) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        defer { group.cancelAll() }
        var results = [Result?](repeating: nil, count: count)
        var next = 0
        // Awaited before the pair is made: made around the wait, optimised code loses the number.
        @Sendable func numbered(_ index: Int) async throws -> (Int, Result) {
            let result = try await body(index)
            return (index, result)
        }
        while next < min(count, max(limit, 1)) {
            group.addTask { [next] in try await numbered(next) }
            next += 1
        }
        while let (index, result) = try await group.next() {
            results[index] = result
            guard next < count else { continue }
            group.addTask { [next] in try await numbered(next) }
            next += 1
        }
        return results.compactMap(\.self)
    }
}
