// SPDX-License-Identifier: MIT

/// What of a machine decides how much memory a stage takes there.
package struct StageMachine: Equatable, Sendable {
    /// Of its kernels; all of them are thought of while it is not known.
    package let layouts: [ResidentLayout]
    /// Compute threads.
    package let threadCount: Int
    /// Steps of so many tokens and more are multiplied by the dot product, others add-only; `nil` while it is not
    /// known.
    package let dotTokensMin: Int?

    /// - Parameters:
    ///   - isa: the name of its instruction set; one that this release does not know counts as unknown.
    ///   - threadCount: clamped to what a pool can have.
    package init(isa: String, threadCount: Int, dotTokensMin: Int? = nil) {
        layouts = InstructionSet(rawValue: isa).map { [$0.layout] } ?? InstructionSet.allCases.map(\.layout)
        self.threadCount = min(max(threadCount, 1), Limits.threadsMax)
        self.dotTokensMin = dotTokensMin
    }

    /// A machine of which nothing is known, of a usual size.
    package static let unknown = StageMachine(isa: "", threadCount: 64)

    /// Bytes of a ternary matrix.
    ///
    /// - Parameter group: in which activations are quantised; 0 for one scale for a token.
    func byteCount(rows: Int, columns: Int, _ encoding: TensorEncoding, group: Int) -> Int {
        let scaleByteCount = encoding.scaleGroup == nil ? 0 : encoding.scaleByteCount
        return layouts.map {
            group == 0
                ? $0.byteCount(rows: rows, columns: columns)
                : $0.byteCount(rows: rows, columns: columns, group: group, scaleByteCount: scaleByteCount)
        }.max() ?? 0
    }

    /// Bytes that the int8 activations of a step take: the codes, their copy in the order of the product that needs
    /// more, two numbers for each token and each group of it, and a line of the cache for each thread.
    package func activationByteCount(model: ModelDescription, tokens: Int) -> Int {
        let columns = max(model.hiddenSize, model.querySize, model.feedForwardSize)
        let codes = columns.roundedUp(to: 64) + Self.columnPadding
        let group = model.activationGroup
        let arranged =
            layouts.map { arrangedByteCount($0, tokens: tokens, columns: columns, group: group) }.max() ?? 0
        let groupCount = group == 0 ? 0 : columns.roundedUp(to: 256) / group
        return tokens * (codes + 8 + 8 * groupCount) + arranged + 64 * threadCount
    }

    /// Zero codes behind the columns of every token.
    private static let columnPadding = 128

    /// The tables of tokens that are multiplied add-only, at least one for each thread; or the dot product's codes.
    private func arrangedByteCount(
        _ layout: ResidentLayout, tokens: Int, columns: Int, group: Int
    ) -> Int {
        let addOnlyTokens = dotTokensMin.map { min(tokens, $0 - 1) } ?? tokens
        let dotTokens = dotTokensMin.map { tokens < $0 ? 0 : tokens } ?? tokens
        let tables = addOnlyTokens == 0 ? 0 : max(addOnlyTokens, threadCount)
        return max(
            tables
                * layout.arrangedByteCount(isDot: false, columns: columns, group: group).roundedUp(to: 64),
            dotTokens
                * layout.arrangedByteCount(isDot: true, columns: columns, group: group).roundedUp(to: 64))
    }
}
