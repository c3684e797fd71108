// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import BitNetFormats
import ClusterConfig
import ClusterCoordinator
import ClusterPlanning
import OperatorReports
import ProgramSupport

/// What a plan is made of besides workers and model.
struct PlanOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Tokens that a sequence may hold; the model's context by default.")
    var ctxSize: Int?

    @Option(
        name: [.customLong("parallel")],
        help: """
            Sequences at a time that memory is kept for; by default, as of bitnet-coord, as many as fit, at most \
            \(Limits.defaultSlotsMax).
            """)
    var slotCount: Int?

    @Option(help: "KV cache, as of bitnet-coord.")
    var cacheType = CacheType.f16

    @Option(help: "Output head: fast or exact.")
    var head = HeadType.fast

    @Option(help: "Prompt tokens that travel in one step.")
    var prefillChunk = 64

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
        guard ctxSize.map({ $0 > 0 }) ?? true else { throw ValidationError("--ctx-size must be above 0") }
        guard slotCount.map((1...Limits.slotsMax).contains) ?? true else {
            throw ValidationError("--parallel must be 1...\(Limits.slotsMax)")
        }
        guard (1...Limits.stepTokensMax / 2).contains(prefillChunk) else {
            throw ValidationError("--prefill-chunk must be 1...\(Limits.stepTokensMax / 2)")
        }
        _ = try assumptions
    }

    func settings(_ model: ModelDescription, slotCount: Int) -> StageSettings {
        StageSettings(
            cache: CacheShape(
                slots: slotCount, context: min(ctxSize ?? .max, model.contextLength), type: cacheType),
            prefillChunk: prefillChunk, headType: head)
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
