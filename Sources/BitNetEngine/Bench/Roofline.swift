// SPDX-License-Identifier: MIT
import CTernary

/// What this machine can do at best, measured again and again beside what is judged by it.
package final class Roofline {
    private let kernels: Kernels
    private let memory: PageMemory

    /// - Parameter readByteCount: several times the largest cache.
    /// - Throws: ``EngineError`` with code `outOfMemory`.
    package init(kernels: Kernels, readByteCount: Int = 256 << 20) throws(EngineError) {
        self.kernels = kernels
        memory = try PageMemory(byteCount: readByteCount, for: "measuring how fast memory can be read")
        // Pages that were never written are all the same one.
        memory.start.initializeMemory(as: UInt8.self, repeating: 1, count: readByteCount)
    }

    /// Bytes per second that the pool's threads read together.
    package func readRate(_ pool: ComputePool) -> Double {
        let seconds = seconds {
            _ = bn_roofline_read(kernels.table, pool.handle, memory.start, memory.byteCount)
        }
        return Double(memory.byteCount) / seconds
    }

    /// int8 multiply-adds per second in registers; `nil` if the kernels have no instruction for them.
    package func multiplyAddRate(_ pool: ComputePool) -> Double? {
        var count = 0
        let seconds = seconds { count = bn_roofline_multiply_add(kernels.table, pool.handle, 20_000) }
        return count > 0 ? Double(count) / seconds : nil
    }
}

/// Wall time of `body`.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    let duration = start.duration(to: .now).components
    return max(Double(duration.seconds) + Double(duration.attoseconds) / 1e18, 1e-9)
}

extension [Double] {
    /// The middle one, or the mean of the middle two; 0 of none.
    package var median: Double {
        guard !isEmpty else { return 0 }
        let ordered = sorted()
        return (ordered[(count - 1) / 2] + ordered[count / 2]) / 2
    }
}
