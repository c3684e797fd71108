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
            "a heartbeat's answer with figures that no machine has",
            History(
                isSupervised: true,
                [Deviation(0, .control, .fromWorker, .heartbeatReply, 0, .fields(seed: 15))])
        ),
        (
            "a stop while one worker's part is damaged and another's transfer goes wrong",
            History(
                workerCount: 2, isPrepared: false,
                [
                    Deviation(0, .weights, .toWorker, .partChunk, 1, .fields(seed: 300_690_114)),
                    Deviation(1, .weights, .fromWorker, .partStatus, 0, .fields(seed: 463_585_009)),
                ], ending: .stopped)
        ),
    ]
}
