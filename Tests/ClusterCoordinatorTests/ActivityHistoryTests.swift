// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import ClusterCoordinator
import Testing

@Suite struct ActivityHistoryTests {
    /// A status `uptime` seconds after the start, which was at second 1000 of 1970.
    private func status(
        _ uptime: Double, _ state: ClusterStatus.State = .serving,
        _ change: (inout ClusterStatus) -> Void = { _ in }
    ) -> ClusterStatus {
        var status = ClusterStatus(
            cluster: "demo", state: state, build: "test", time: 1000 + uptime, uptimeSeconds: uptime,
            model: ModelStatus(
                name: "m", parameterCount: 1, layerCount: 4, hiddenSize: 1, vocabularySize: 1,
                contextLength: 1, cacheType: "f16"), workersExpected: 2, workersJoined: 2)
        change(&status)
        return status
    }

    private func stage(_ index: Int, _ worker: String, idle: Double?) -> StageStatus {
        var stage = StageStatus(
            index: index, worker: worker, address: "", state: .serving, layers: [index, index])
        stage.idleFraction = idle
        return stage
    }

    private func times(_ history: ActivityHistory, after time: Double? = nil) -> [Double] {
        history.document(after: time).samples.map(\.time)
    }

    @Test func `of statuses that come each second one in ten is kept`() {
        var history = ActivityHistory()
        for second in 0...35 { history.note(status(Double(second) * 1.001)) }
        #expect(times(history).map { ($0 - 1000).rounded() } == [0, 10, 20, 30])
    }

    @Test func `a status half a second before its time is a sample, an earlier one is none`() {
        var history = ActivityHistory()
        for uptime in [0, 9.499, 9.5, 18.9, 19.0] { history.note(status(uptime)) }
        #expect(times(history) == [1000, 1009.5, 1019])
    }

    @Test(arguments: [
        (ClusterStatus.State.serving, true), (.degraded, true), (.draining, true), (.starting, false),
        (.recovering, false), (.down, false),
    ]) func `there are no samples of a time without service`(state: ClusterStatus.State, isTaken: Bool) {
        var history = ActivityHistory()
        history.note(status(0, state))
        #expect(times(history).count == (isTaken ? 1 : 0))
    }

    @Test func `an hour is kept, and no sample more`() {
        var history = ActivityHistory()
        for sample in 0..<Limits.historySamplesMax { history.note(status(Double(sample) * 10)) }
        #expect(times(history).count == 360)
        #expect(times(history).first == 1000)
        history.note(status(Double(Limits.historySamplesMax) * 10))
        #expect(times(history).count == 360)
        #expect(times(history).first == 1010)
    }

    @Test func `only what is later than a time is told to who has the others`() {
        var history = ActivityHistory()
        for uptime in [0, 10, 20.0] { history.note(status(uptime)) }
        #expect(times(history, after: 1010) == [1020])
        #expect(times(history, after: 1020) == [])
        #expect(times(history, after: -1) == [1000, 1010, 1020])
    }

    @Test func `a sample has the rates of its status, and the shares of all stages of a worker`() throws {
        var history = ActivityHistory()
        history.note(
            status(0) { status in
                status.throughput.decodeTokensPerSecond = 12.34567
                status.throughput.prefillTokensPerSecond = 3
                status.queue.running = 4
                status.queue.waiting = 5
                status.stages = [
                    stage(0, "a", idle: 0.75), stage(1, "b", idle: 0.5), stage(2, "a", idle: 0.9),
                    stage(3, "c", idle: nil), stage(4, "b", idle: 0.1),
                ]
            })
        let sample = try #require(history.document(after: nil).samples.first)
        #expect(
            sample
                == .init(
                    time: 1000, decodeTokensPerSecond: 12.346, prefillTokensPerSecond: 3, running: 4,
                    waiting: 5, busyFractions: ["a": 0.35, "b": 1]))
    }

    @Test func `the time to the first token is told when requests have begun since`() {
        var history = ActivityHistory()
        for (uptime, promptTokens) in [(0, 0), (10, 7), (20, 7), (30, 9)] as [(Double, UInt64)] {
            history.note(
                status(uptime) { status in
                    status.throughput.promptTokenCount = promptTokens
                    status.throughput.timeToFirstTokenP50Milliseconds = 20
                })
        }
        #expect(
            history.document(after: nil).samples.map(\.timeToFirstTokenP50Milliseconds) == [nil, 20, nil, 20])
    }

    @Test(arguments: [Limits.historyWorkersMax, Limits.historyWorkersMax + 1])
    func `no more workers stand in a sample than its bound`(workerCount: Int) {
        var history = ActivityHistory()
        history.note(
            status(0) { status in
                status.stages =
                    (0..<workerCount).map { stage($0, "w\($0)", idle: 0.5) }
                    + [stage(workerCount, "w0", idle: 0.75)]
            })
        let shares = history.document(after: nil).samples.first?.busyFractions
        #expect(shares?.count == Limits.historyWorkersMax)
        #expect(shares?["w0"] == 0.75)
    }
}
