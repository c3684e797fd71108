// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetFormats
import Dispatch
import Synchronization

/// Times how a model's files become what workers get.
package struct ConversionBench: Sendable {
    package let file: ModelFile
    package let kinds: [PartReference.Kind]
    /// Parts made at a time.
    package let threadCount: Int

    /// - Parameter layers: how many of the layers to convert, and nothing else; `nil` for all parts.
    package init(file: ModelFile, layers: Int?, threadCount: Int) {
        self.file = file
        self.threadCount = threadCount
        let all = ModelFile.kinds(of: file.description)
        if let layers {
            kinds = (0..<min(max(layers, 1), file.description.layerCount)).map { .layer($0) }
        } else {
            kinds = file.description.hasTiedHead ? all.filter { $0 != .head } : all
        }
    }

    /// The median of `rounds` rounds, after one that brings the files into memory and does not count.
    ///
    /// - Throws: what making a part throws.
    package func measure(rounds: Int) throws -> ConversionBenchReport {
        _ = try seconds()
        let times = try (0..<rounds).map { _ in try seconds() }.sorted()
        return ConversionBenchReport(
            model: file.description.name,
            inputByteCount: Double(kinds.reduce(0) { $0 + file.sourceByteCount(of: $1) }),
            outputByteCount: Double(kinds.reduce(0) { $0 + file.byteCount(of: $1) }),
            seconds: times[times.count / 2], threadCount: threadCount)
    }

    private func seconds() throws -> Double {
        let next = Mutex(0)
        let failure = Mutex<(any Error)?>(nil)
        let start = ContinuousClock.now
        DispatchQueue.concurrentPerform(iterations: threadCount) { _ in
            while true {
                let index = next.withLock { next in
                    defer { next += 1 }
                    return next
                }
                guard index < kinds.count else { return }
                do { _ = try file.pack(kinds[index]) { _ in } } catch {
                    failure.withLock { $0 = error }
                    return
                }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return start.duration(to: .now).seconds
    }
}
