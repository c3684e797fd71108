// SPDX-License-Identifier: MIT
import ArgumentParser
import BitNetCore
import ClusterPlanning
import OperatorReports

/// Which cases a simulation goes through.
struct SimulationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Numbers of workers.", valueName: "n,n"))
    var counts = "2,4,8,16,32,64"

    @Option(help: ArgumentHelp("Speeds of links.", valueName: "Gbit/s,…"))
    var links = "1,10,25"

    @Option(help: ArgumentHelp("One-way delays of links.", valueName: "ms,…"))
    var delays = "0.1,1,10,50"

    @Option(help: ArgumentHelp("Sequences at a time.", valueName: "n,n"))
    var sequences = "1,8,64,512"

    func validate() throws {
        _ = try cases
    }

    var cases: ScalingCases {
        get throws {
            ScalingCases(
                workerCounts: try Self.integers(counts, "--counts", 1...Limits.workersMax),
                links: try profiles,
                concurrencies: try Self.integers(sequences, "--sequences", 1...Limits.slotsMax))
        }
    }

    /// Every speed with every delay.
    private var profiles: [ScalingCases.Link] {
        get throws {
            let speeds = try Self.numbers(links, "--links")
            let delays = try Self.numbers(delays, "--delays")
            return try speeds.flatMap { speed in
                try delays.map { delay in
                    do throws(ProfileError) {
                        return ScalingCases.Link(
                            gigabits: speed, delayMs: delay,
                            profile: try PlanOptions.link(gigabits: speed, delayMs: delay))
                    } catch {
                        throw ValidationError("--links, --delays: \(error.message)")
                    }
                }
            }
        }
    }

    /// Ascending.
    private static func integers(_ text: String, _ option: String, _ range: ClosedRange<Int>) throws -> [Int]
    {
        let values = text.split(separator: ",").map { Int($0, radix: 10) }
        guard (1...16).contains(values.count), values.allSatisfy({ $0.map(range.contains) ?? false }) else {
            throw ValidationError(
                "\(option): “\(text)” is not a list of at most 16 numbers of "
                    + "\(range.lowerBound)...\(range.upperBound)")
        }
        return Set(values.compactMap(\.self)).sorted()
    }

    private static func numbers(_ text: String, _ option: String) throws -> [Double] {
        let values = text.split(separator: ",").map { Double($0) }
        guard (1...16).contains(values.count), !values.contains(nil) else {
            throw ValidationError("\(option): “\(text)” is not a list of at most 16 numbers")
        }
        return values.compactMap(\.self)
    }
}
