// SPDX-License-Identifier: MIT
import BitNetCore

/// What a metric is called, what it is for, and how it is counted.
package struct MetricDefinition: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// Only rises; its name ends in `_total`.
        case counter
        case gauge
        /// Observations by size, in the unit that the name ends in; `buckets` are the upper bounds, ascending.
        case histogram(buckets: [Double])

        /// The word after `# TYPE`.
        var word: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }

        /// Lines that one set of labels takes; those without bound, the sum and the count are a histogram's last.
        var seriesCount: Int {
            if case .histogram(let buckets) = self { buckets.count + 3 } else { 1 }
        }
    }

    package var name: String
    package var help: String
    package var kind: Kind

    package init(_ name: String, _ help: String, _ kind: Kind) {
        if case .histogram(let buckets) = kind {
            precondition(
                buckets.allSatisfy(\.isFinite) && zip(buckets, buckets.dropFirst()).allSatisfy(<),
                "the buckets of \(name) must be finite and ascend")
        }
        self.name = name
        self.help = help
        self.kind = kind
    }
}

extension MetricDefinition.Kind {
    /// Of a Timer that no definition names, seconds.
    package static let unnamedTimer = Self.histogram(buckets: [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ])
    /// Of a Recorder that no definition names, in whatever unit: powers of four.
    package static let unnamedRecorder = Self.histogram(
        buckets: (0...15).map { Double(UInt64(1) << (2 * $0)) })
}
