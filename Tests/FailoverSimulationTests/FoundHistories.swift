// SPDX-License-Identifier: MIT
import FailoverSimulation

/// Histories that showed a fault once, as short as they could be made.
enum FoundHistories {
    static let all: [(what: String, history: History)] = [
        (
            "a way between two workers that stays cut, while others have room",
            History(
                memory: [122, 126, 124, 146], spares: [160], layerCount: 8,
                [Fault(.cut(from: 1, to: 2), at: .seconds(4), for: .seconds(120))])
        ),
        (
            "a disk that stays full, of a worker beside a lost one, while another has room for all",
            History(
                memory: [400, 200, 100], layerCount: 6, isPrepared: false,
                [
                    Fault(.diskFull(worker: 1), at: .seconds(4), for: .seconds(90)),
                    Fault(.killed(worker: 2), at: .seconds(5), for: .seconds(90)),
                ])
        ),
        (
            "a worker that does not answer when it is asked, and soon after, while another is away for long",
            History(
                memory: [400, 400], layerCount: 6,
                [
                    Fault(.paused(worker: 0), at: .milliseconds(4900), for: .seconds(7)),
                    Fault(.killed(worker: 1), at: .seconds(5), for: .seconds(90)),
                ])
        ),
        (
            "a worker that is lost while others are waited for, and is none of the stages that come up then",
            History(
                memory: [137, 141, 400], layerCount: 8,
                [
                    Fault(.killed(worker: 1), at: .seconds(3), for: .seconds(90)),
                    Fault(.killed(worker: 2), at: .seconds(6), for: .seconds(6)),
                    Fault(.killed(worker: 0), at: .seconds(8), for: .seconds(90)),
                ])
        ),
        (
            "a spare whose disk is full, and joins before the worker in whose place it stands, which is back",
            History(
                memory: [400], spares: [400], layerCount: 6, isPrepared: false,
                [
                    Fault(.diskFull(worker: 1), at: .seconds(4), for: .seconds(120)),
                    Fault(.killed(worker: 0), at: .seconds(5), for: .seconds(20)),
                ], seed: 68)
        ),
    ]
}
