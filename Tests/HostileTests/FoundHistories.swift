// SPDX-License-Identifier: MIT
import ClusterWire

/// Histories that showed a fault once, as short as they could be made.
enum FoundHistories {
    static let all: [(what: String, history: History)] = [
        (
            "a stop while a worker owes the list of its parts",
            History([Deviation(0, .control, .fromWorker, .storeStatus, 0, .dropped)], ending: .stopped)
        ),
        (
            "a stop while a worker owes that it is ready",
            History([Deviation(0, .control, .fromWorker, .ready, 0, .dropped)], ending: .stopped)
        ),
        (
            "a heartbeat's answer that tells of 2^63 bytes in memory, of the stage and of the process",
            History(
                isSupervised: true,
                [
                    Deviation(
                        0, .control, .fromWorker, .heartbeatReply, 0,
                        .appended([0x18] + most + [0x2A, 0x0D, 0x1A, 0x0B, 0x08] + most))
                ])
        ),
        (
            "a stop while one worker got no part and another says that it has more of one than there is",
            History(
                workerCount: 2, isPrepared: false,
                [
                    Deviation(0, .weights, .toWorker, .partChunk, 1, .dropped),
                    Deviation(1, .weights, .fromWorker, .partStatus, 0, .appended([0x10] + most)),
                ], ending: .stopped)
        ),
        (
            "a connection on which the first step never arrives",
            History([Deviation(0, .steps, .toWorker, .step, 0, .quiet)], ending: .noticed)
        ),
        (
            "a connection between workers on which the first step never arrives",
            History(workerCount: 2, [Deviation(1, .link, .toWorker, .step, 0, .quiet)], ending: .noticed)
        ),
        (
            "a connection on which the first outcome never comes back",
            History([Deviation(0, .outcomes, .fromWorker, .outcome, 0, .quiet)], ending: .noticed)
        ),
        (
            "a second connection for what a stage hands on, and then silence",
            History(
                workerCount: 2, isSupervised: false,
                [Deviation(0, .steps, .fromWorker, .welcome, 0, .dialled(.outcomes, seed: 884_954_010))],
                ending: .silent)
        ),
    ]

    /// 2^63 as a field's value.
    private static let most = [UInt8](repeating: 0x80, count: 9) + [0x01]
}
