// SPDX-License-Identifier: MIT
import FailoverSimulation
import Glibc

// Plays histories until one shows a fault: simulate [COUNT [FIRST]]. Ends with 1 if one does.
let numbers = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
let count = numbers.first ?? 1000
let first = numbers.dropFirst().first ?? 1

var campaign = Campaign()
if let (seed, report) = campaign.run(first..<first + count) {
    print("found by seed \(seed), after \(seed - first + 1)")
    print(report)
    exit(1)
}
print(
    "nothing found in \(count) histories: \(campaign.endings), longest recovery \(campaign.longestRecovery)")
