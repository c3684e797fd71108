// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#endif

/// Where the time of a stage's steps goes.
package final class StepProfile {
    /// What a step does, in the order in which a layer does it.
    package enum Section: Int, CaseIterable, Sendable {
        case embedding
        case norms
        /// int8 codes, and for several tokens their order; a single token's tables are made with the products.
        case quantise
        case attentionInput
        case rotary
        case cacheStore
        case attention
        case attentionOutput
        case gateUp
        case gate
        case down
        case head
        case fastHead
        case sampling
        case hop

        package var name: String {
            switch self {
            case .embedding: "embedding"
            case .norms: "norms"
            case .quantise: "quantise"
            case .attentionInput: "query, key, value"
            case .rotary: "rotary embedding"
            case .cacheStore: "KV store"
            case .attention: "attention"
            case .attentionOutput: "attention output"
            case .gateUp: "gate, up"
            case .gate: "gating"
            case .down: "down"
            case .head: "head"
            case .fastHead: "fast head"
            case .sampling: "sampling"
            case .hop: "hop"
            }
        }

        /// Whether every layer does it; of the norms one does not belong to a layer.
        package var isPerLayer: Bool {
            switch self {
            case .embedding, .head, .fastHead, .sampling, .hop: false
            default: true
            }
        }
    }

    private var nanoseconds = [Int](repeating: 0, count: Section.allCases.count)
    private var last = 0

    package init() {}

    package func seconds(_ section: Section) -> Double { Double(nanoseconds[section.rawValue]) / 1e9 }

    /// A step begins.
    func begin() { last = Self.now() }

    /// What has passed since the section before belongs to `section`.
    func end(_ section: Section) {
        let now = Self.now()
        nanoseconds[section.rawValue] += now - last
        last = now
    }

    private static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
    }
}
