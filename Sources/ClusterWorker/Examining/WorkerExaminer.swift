// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import ClusterWire
import Dispatch
import Glibc
import Synchronization

/// Looks at this worker's machine on behalf of an operator.
final class WorkerExaminer: Sendable {
    private let configuration: WorkerConfiguration
    private let watch: MachineWatch
    /// For files by which the kernel tells.
    private let reading = DispatchQueue(label: "examination")
    /// For the disk, which may be stuck; one at a time, so that two do not measure each other.
    private let writing = DispatchQueue(label: "examination of the store")
    /// Those that wait for that; on a stuck disk they would become ever more.
    private let writerCount = Mutex(0)

    init(configuration: WorkerConfiguration, watch: MachineWatch) {
        self.configuration = configuration
        self.watch = watch
    }

    /// - Parameter holder: who holds the worker; empty if nobody does.
    func examination(state: WorkerStateCode, holder: String) async -> Examination {
        _ = watch.figures()
        async let store = storeSpeed()
        let before = await read { SmallFile.text("/proc/stat").flatMap(ProcText.processorTicks) }
        try? await Task.sleep(for: Limits.examinedStealInterval)
        let configuration = configuration
        var examination = await read {
            let after = SmallFile.text("/proc/stat").flatMap(ProcText.processorTicks)
            var examination = Examination(readBy: configuration)
            examination.stealPerMillion = Self.stealPerMillion(before, after)
            return examination
        }
        examination.state = state
        examination.holder = holder
        switch await store {
        case .success(let micros): examination.storeWriteMicros = micros
        case .failure(let error): examination.storeError = error.message
        }
        examination.machine = watch.figures()
        examination.clockMicros = UInt64(clamping: WallClock.micros)
        return examination
    }

    private func read<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            reading.async { continuation.resume(returning: body()) }
        }
    }

    /// How long a small file takes to be written and synced, microseconds.
    private func storeSpeed() async -> Result<UInt64, WorkerError> {
        let directory = configuration.dataDirectory
        let hasRoom = writerCount.withLock { count in
            guard count < Limits.examinedWritersMax else { return false }
            count += 1
            return true
        }
        guard hasRoom else {
            return .failure(WorkerError("\(directory) has not taken what earlier examinations wrote"))
        }
        let (answers, answer) = AsyncStream<Result<UInt64, WorkerError>>.makeStream()
        writing.async { [self] in
            defer { writerCount.withLock { $0 -= 1 } }
            do throws(FileError) {
                answer.yield(.success(try Self.writeSmallFile(in: directory)))
            } catch {
                answer.yield(.failure(WorkerError(error.message)))
            }
            answer.finish()
        }
        let limit = Limits.examinedWriteTimeout
        let timer = Task {
            try await Task.sleep(for: limit)
            answer.yield(.failure(WorkerError("\(directory) took no megabyte within \(limit)")))
        }
        defer { timer.cancel() }
        for await result in answers { return result }
        return .failure(WorkerError("the examination was given up"))
    }

    private static func writeSmallFile(in directory: String) throws(FileError) -> UInt64 {
        let path = "\(directory)/examination.\(getpid())"
        FileSystem.remove(path)
        let file = try FileDescriptor(path: path, flags: O_WRONLY | O_CREAT | O_EXCL)
        // From here on nothing is left behind, whatever happens.
        FileSystem.remove(path)
        let bytes = [UInt8](repeating: 0x5A, count: Limits.examinedWriteBytes)
        let start = ContinuousClock.now
        try file.write(bytes)
        guard fsync(file.number) == 0 else {
            throw FileError(path: path, operation: "sync", errno: errno)
        }
        return start.duration(to: .now).wholeMicroseconds
    }

    private static func stealPerMillion(
        _ before: ProcText.ProcessorTicks?, _ after: ProcText.ProcessorTicks?
    ) -> UInt64? {
        guard let before, let after, after.total > before.total, after.steal >= before.steal else {
            return nil
        }
        let share = Double(after.steal - before.steal) / Double(after.total - before.total)
        return UInt64(clamping: (min(share, 1) * 1e6).rounded())
    }
}

extension Examination {
    /// What files of the kernel tell, and what the operator has chosen.
    fileprivate init(readBy configuration: WorkerConfiguration) {
        self.init()
        build = Build.name
        versionMin = ProtocolVersion.supported.lowerBound
        versionMax = ProtocolVersion.supported.upperBound
        isa = configuration.kernels.name
        isaOffered = KernelChoice.available.last?.rawValue ?? ""
        threadCount = UInt64(clamping: configuration.threadCount)
        usableProcessorCount = UInt64(clamping: ComputePool.defaultThreadCount)
        stageMemoryByteCount = configuration.memoryByteCount
        // A machine has hundreds of processors, and each a page of text.
        if let cores = SmallFile.text("/proc/cpuinfo", bytesMax: 4 << 20).flatMap(ProcessorText.cores) {
            physicalCoreCount = cores.physical
            logicalProcessorCount = cores.logical
            processor = cores.name ?? ""
        }
        affineProcessorCount = SmallFile.text("/proc/self/status")
            .flatMap { ProcessorText.status("Cpus_allowed_list", in: $0) }
            .flatMap(ProcessorText.count(ofList:))
        let memory = SystemMemory.current
        memoryLimitByteCount = memory.limitByteCount
        swapTotalByteCount = memory.swapTotalByteCount
        if let total = memory.swapTotalByteCount, let free = memory.swapFreeByteCount {
            swapUsedByteCount = total - min(free, total)
        }
        hugePages =
            SmallFile.text("/sys/kernel/mm/transparent_hugepage/enabled")
            .flatMap(ProcessorText.chosen) ?? ""
        readFrequencies()
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            openFilesMax = UInt64(clamping: limit.rlim_cur)
        }
    }

    /// Of the processor that is fastest now, as most may idle.
    private mutating func readFrequencies() {
        let root = "/sys/devices/system/cpu"
        let names = FileSystem.entries(of: root).filter {
            $0.hasPrefix("cpu") && $0.dropFirst(3).allSatisfy(\.isNumber) && $0.count > 3
        }
        for name in names.prefix(1024) {
            let directory = "\(root)/\(name)/cpufreq"
            guard
                let current = SmallFile.text(directory + "/scaling_cur_freq").flatMap({
                    UInt64($0, radix: 10)
                })
            else {
                continue
            }
            processorKilohertz = max(processorKilohertz ?? 0, current)
            if let most = SmallFile.text(directory + "/cpuinfo_max_freq").flatMap({ UInt64($0, radix: 10) }) {
                processorKilohertzMax = max(processorKilohertzMax ?? 0, most)
            }
            if governor.isEmpty { governor = SmallFile.text(directory + "/scaling_governor") ?? "" }
        }
    }
}
