// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterPlanning
import ClusterTransport
import Glibc

extension MeasurementBook {
    /// Takes what was measured at the start of a cluster.
    ///
    /// - Parameter memory: what a stage may take on each worker, bytes.
    mutating func record(
        _ measurements: ClusterMeasurements, cluster: String, shape: ProfiledShape, memory: [String: UInt64]
    ) {
        let now = Int(clamping: time(nil))
        record(
            workers: measurements.workers.sorted { $0.key < $1.key }.map { name, worker in
                Worker(
                    cluster: cluster, worker: name, shape: shape, kernel: worker.kernel,
                    profile: worker.profile, memoryByteCount: memory[name] ?? 0, measuredAt: now)
            })
        record(
            links: measurements.links.measured.map { from, to, link in
                Link(cluster: cluster, from: from, to: to, profile: link)
            })
    }
}

extension DiskThreads {
    /// The book of a directory; an empty one if there is none or it cannot be read, which is told.
    static func book(
        _ directory: String?, _ onEvent: @escaping @Sendable (ClusterEvent) -> Void
    ) async -> MeasurementBook {
        guard let directory else { return MeasurementBook() }
        let result = try? await run {
            do throws(MeasurementBookError) {
                return try MeasurementBook.load(directory: directory)
            } catch {
                onEvent(.bookUnusable(error.message))
                return MeasurementBook()
            }
        }
        return result ?? MeasurementBook()
    }

    /// Changes the book of a directory; what cannot be written is told and forgotten.
    static func keep(
        _ directory: String?, _ onEvent: @escaping @Sendable (ClusterEvent) -> Void,
        _ change: @escaping @Sendable (inout MeasurementBook) -> Void
    ) async {
        guard let directory else { return }
        _ = try? await run {
            do throws(MeasurementBookError) {
                var book = (try? MeasurementBook.load(directory: directory)) ?? MeasurementBook()
                change(&book)
                try book.save(directory: directory)
            } catch {
                onEvent(.bookUnusable(error.message))
            }
        }
    }
}
