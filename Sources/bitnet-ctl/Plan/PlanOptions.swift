// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import ClusterConfig
import ClusterCoordinator
import ClusterPlanning
import CommandLine
import OperatorReports

/// What a plan is made of besides workers and model.
struct PlanOptions: ParsableArguments {
    @OptionGroup var stage: StageArguments

    @Option(
        name: [.customLong("parallel")],
        help: """
            Sequences at a time that memory is kept for; by default, as of bitnet-coord, as many as fit, at most \
            \(Limits.defaultSlotsMax).
            """)
    var slotCount: Int?

    @OptionGroup var reserve: ReserveArguments

    @Option(help: ArgumentHelp("Where the coordinator keeps its measurements.", valueName: "directory"))
    var storeDir: String?

    @Option(help: ArgumentHelp("What workers that were not measured read from memory.", valueName: "size/s"))
    var assumeBandwidth = "20GB/s"

    @Option(
        help: ArgumentHelp(
            "What this worker reads from memory, whatever was measured.", valueName: "name=size/s"))
    var assume: [String] = []

    @Option(help: ArgumentHelp("Speed of links that were not measured.", valueName: "Gbit/s"))
    var assumeLink = 1.0

    @Option(help: ArgumentHelp("One-way delay of links that were not measured.", valueName: "ms"))
    var assumeDelay = 0.1

    func validate() throws {
        guard slotCount.map((1...Limits.slotsMax).contains) ?? true else {
            throw ValidationError("--parallel must be 1...\(Limits.slotsMax)")
        }
        _ = try assumptions
    }

    var assumptions: PlanAssumptions {
        get throws {
            PlanAssumptions(
                readBytesPerSecond: try Self.speed(assumeBandwidth, "--assume-bandwidth"),
                readBytesPerSecondByWorker: try assumedSpeeds, link: try link)
        }
    }

    /// By the names of workers.
    private var assumedSpeeds: [String: Double] {
        get throws {
            var speeds: [String: Double] = [:]
            for text in assume {
                let parts = text.split(separator: "=", maxSplits: 1)
                guard parts.count == 2 else {
                    throw ValidationError("--assume: “\(text)” is not NAME=SIZE/s, for instance a=20GB/s")
                }
                speeds[String(parts[0])] = try Self.speed(String(parts[1]), "--assume")
            }
            return speeds
        }
    }

    private var link: LinkProfile {
        get throws {
            do throws(ProfileError) {
                return try Self.link(gigabits: assumeLink, delayMs: assumeDelay)
            } catch {
                throw ValidationError("--assume-link, --assume-delay: \(error.message)")
            }
        }
    }

    /// Where measurements are.
    var directory: String? { storeDir ?? CacheDirectory.standard }

    /// 94 % of what a link's name says are left for payload.
    static func link(gigabits: Double, delayMs: Double) throws(ProfileError) -> LinkProfile {
        try LinkProfile(latencySeconds: delayMs / 1e3, bytesPerSecond: gigabits * 1e9 / 8 * 0.94)
    }

    private static func speed(_ text: String, _ option: String) throws -> Double {
        let size = text.hasSuffix("/s") ? String(text.dropLast(2)) : text
        do throws(ConfigError) {
            let speed = Double(try ByteSize.parse(size))
            guard Limits.bytesPerSecondRange.contains(speed) else {
                throw ConfigError("“\(text)” is no speed of memory; write for instance 20GB/s")
            }
            return speed
        } catch {
            throw ValidationError("\(option): \(error.message)")
        }
    }
}
