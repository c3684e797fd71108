// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterWire

/// What is the matter with one machine.
extension Diagnosis {
    /// Logs and caches go by the clock; certificates and tokens fail past that.
    private static let clockSkewSecondsMax = 1.0
    private static let stealMax = 0.05
    private static let memoryShareMin = 0.1
    private static let diskShareMin = 0.05
    private static let diskBytesMin: UInt64 = 1 << 30
    private static let swapUsedMax: UInt64 = 64 << 20
    /// Of `Limits.examinedWriteBytes`; a disk that spins takes a tenth.
    private static let writeSecondsMax = 0.5
    private static let frequencyShareMin = 0.6

    static func machine(of report: WorkerReport, build: String) -> [Finding] {
        guard let examination = report.examination else { return [] }
        let judgement = MachineJudgement(worker: report.name, examination: examination)
        return [
            release(report.name, examination, build), clock(report), judgement.kernels, judgement.threads,
            judgement.load,
        ].compactMap(\.self) + memory(report.name, examination) + disk(report.name, examination)
            + processor(report.name, examination)
    }

    /// Of the machine on which the coordinator runs.
    static func ownMachine(_ figures: MachineFigures, storeError: String?) -> [Finding] {
        [
            storeError.map {
                Finding(
                    .warning, nil, "converted weights cannot be kept here: \($0)",
                    remedy:
                        "make the directory writable, or give bitnet-coord another --store-dir; until then "
                        + "each start converts the model")
            },
            lowMemory(nil, "this machine has", figures),
            lowDisk(nil, "the directory for converted weights here has", figures),
        ].compactMap(\.self)
    }

    private static func release(_ worker: String, _ examination: Examination, _ build: String) -> Finding? {
        guard examination.build != build else { return nil }
        return Finding(
            .warning, worker, "runs \(examination.build), this is \(build)",
            remedy: "install the same release on all machines")
    }

    private static func clock(_ report: WorkerReport) -> Finding? {
        guard let skew = report.clockSkewSeconds, abs(skew) > clockSkewSecondsMax else { return nil }
        return Finding(
            .warning, report.name,
            "its clock is \(abs(skew).text(places: 1)) s \(skew > 0 ? "ahead of" : "behind") the one here",
            remedy: "run a time service on both machines, for instance systemd-timesyncd or chrony")
    }

    private static func memory(_ worker: String, _ examination: Examination) -> [Finding] {
        var findings = [lowMemory(worker, "has", examination.machine ?? .init())].compactMap(\.self)
        if let used = examination.swapUsedByteCount, used > swapUsedMax {
            findings.append(
                Finding(
                    .warning, worker, "has \(ByteCount.text(used)) of memory swapped out",
                    remedy: "give the worker less (--memory), end other programs, or switch swap off: "
                        + "a stage that waits for swap stalls all others"))
        }
        if examination.hugePages == "never" {
            findings.append(
                Finding(
                    .warning, worker, "transparent huge pages are off",
                    remedy: "run: echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled"))
        }
        return findings
    }

    private static func lowMemory(_ worker: String?, _ has: String, _ figures: MachineFigures) -> Finding? {
        guard let total = figures.memoryTotalByteCount, let available = figures.memoryAvailableByteCount,
            Double(available) < Double(total) * memoryShareMin
        else { return nil }
        return Finding(
            .warning, worker,
            "\(has) \(ByteCount.text(available)) of \(ByteCount.text(total)) memory available",
            remedy: "end other programs there, or give it fewer layers")
    }

    private static func disk(_ worker: String, _ examination: Examination) -> [Finding] {
        var findings = [lowDisk(worker, "the store has", examination.machine ?? .init())].compactMap(\.self)
        if !examination.storeError.isEmpty {
            findings.append(
                Finding(
                    .failure, worker, "cannot write to its store: \(examination.storeError)",
                    remedy: "make room there or repair the disk, or start the worker with another --data-dir")
            )
        } else if let micros = examination.storeWriteMicros, Double(micros) / 1e6 > writeSecondsMax {
            findings.append(
                Finding(
                    .warning, worker,
                    "takes \((Double(micros) / 1e6).text(places: 1)) s to write 1 MiB to its store",
                    remedy: "see what else uses that disk, or start the worker with another --data-dir; only "
                        + "shipping and loading suffer"))
        }
        return findings
    }

    private static func lowDisk(_ worker: String?, _ has: String, _ figures: MachineFigures) -> Finding? {
        guard let total = figures.storeTotalByteCount, let free = figures.storeFreeByteCount,
            free < diskBytesMin || Double(free) < Double(total) * diskShareMin
        else { return nil }
        return Finding(
            .warning, worker, "\(has) \(ByteCount.text(free)) of \(ByteCount.text(total)) free",
            remedy:
                "make room there, or choose another directory; bitnet-ctl cache gc removes weights that are not "
                + "used")
    }

    private static func processor(_ worker: String, _ examination: Examination) -> [Finding] {
        var findings: [Finding] = []
        if let steal = examination.stealPerMillion, Double(steal) / 1e6 > stealMax {
            findings.append(
                Finding(
                    .warning, worker,
                    "other virtual machines take \((Double(steal) / 1e4).text(places: 1)) % of its processor time",
                    remedy: "move it to a host with room, or to dedicated processors"))
        }
        if examination.governor == "powersave" {
            findings.append(
                Finding(
                    .warning, worker, "its processors save power",
                    remedy: "run: sudo cpupower frequency-set -g performance"))
        }
        if let now = examination.processorKilohertz, let most = examination.processorKilohertzMax,
            Double(now) < Double(most) * frequencyShareMin
        {
            findings.append(
                Finding(
                    .note, worker,
                    "its fastest processor runs at \((Double(now) / 1e6).text(places: 2)) of "
                        + "\((Double(most) / 1e6).text(places: 2)) GHz",
                    remedy:
                        "nothing if it idles; if it stays so under load, look at cooling and power settings"))
        }
        if let most = examination.openFilesMax, most < Limits.descriptorsFew {
            findings.append(
                Finding(
                    .warning, worker, "may have \(most) files and connections open",
                    remedy: DescriptorLimit.remedy))
        }
        return findings
    }
}

/// What a worker makes of its processors.
private struct MachineJudgement {
    let worker: String
    let examination: Examination

    var kernels: Finding? {
        let offered = examination.isaOffered
        guard !offered.isEmpty, !examination.isa.isEmpty else { return nil }
        if examination.isa != offered {
            return Finding(
                examination.isa == "scalar" ? .warning : .note, worker,
                "uses the \(examination.isa) kernels, though its processor has \(offered)",
                remedy: "start it without --isa, unless that was measured to be faster")
        }
        guard examination.isa == "scalar" else { return nil }
        return Finding(
            .warning, worker, "has no vector instructions that the kernels know",
            remedy: "use a processor with AVX2, AVX-512 or NEON; virtual machines may need CPU type “host”")
    }

    var threads: Finding? {
        guard let threads = examination.threadCount, let usable = examination.usableProcessorCount,
            threads > usable
        else { return nil }
        let affine = examination.affineProcessorCount ?? usable
        let reason =
            if usable < affine {
                "the control group's quota allows"
            } else if affine < examination.logicalProcessorCount ?? affine {
                "its affinity mask allows"
            } else {
                "the machine has"
            }
        return Finding(
            .warning, worker, "computes with \(threads) threads, but \(reason) \(usable) processors",
            remedy:
                "start it without --threads, or let it use more processors: threads that wait for a turn hold up "
                + "all others")
    }

    /// Somebody else computes, unless it is the stage.
    var load: Finding? {
        guard examination.holder.isEmpty, let load = examination.machine?.loadAverageMilli,
            let processors = examination.logicalProcessorCount, Double(load) / 1000 > Double(processors)
        else { return nil }
        return Finding(
            .warning, worker,
            "is idle, but \((Double(load) / 1000).text(places: 1)) threads want its \(processors) processors",
            remedy: "end other programs there: a stage that shares its processors slows all others")
    }
}
