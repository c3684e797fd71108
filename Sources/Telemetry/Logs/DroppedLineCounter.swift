// SPDX-License-Identifier: MIT
package import BitNetCore
import Metrics
import Synchronization

/// Log lines that nobody will see, as a metric.
package final class DroppedLineCounter: Sendable {
    private let lines: LineQueue
    private let counter = Counter(label: "bitnet_log_lines_dropped_total")
    private let counted = Mutex<UInt64>(0)

    package init(of lines: LineQueue) {
        self.lines = lines
    }

    /// Brings the metric up to date.
    package func update() {
        counted.withLock { counted in
            let droppedCount = lines.droppedCount
            counter.increment(by: Int64(clamping: droppedCount - counted))
            counted = droppedCount
        }
    }
}
