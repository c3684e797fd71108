// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import OperatorLogic
import Testing

@Suite struct TopTests {
    private static let utc = ClockText(zoneOffsetSeconds: 0)

    private func text(_ state: TopState, _ width: Int = 96, _ height: Int = 24) -> String {
        state.lines(width: width, height: height, clock: Self.utc).text(isColoured: false)
    }

    private func pressed(_ state: TopState, _ key: TopKey) -> TopState {
        var state = state
        let goesOn = state.press(key)
        #expect(goesOn)
        return state
    }

    @Test func `a screen has as many lines as the terminal, and the keys on the last`() {
        var state = TopState(delaySeconds: 1)
        for document in [nil, Documents.healthy, Documents.down] {
            if let document { state.receive(document) }
            for height in [1, 2, 5, 10, 24, 60] {
                let lines = state.lines(width: 96, height: height, clock: Self.utc)
                #expect(lines.count == height)
                #expect(lines.last?.text(isColoured: false).hasPrefix("q quit") == true)
            }
        }
        #expect(state.lines(width: 0, height: 0, clock: Self.utc).isEmpty)
    }

    @Test(arguments: [80, 96, 160])
    func `a live screen looks as it was found good`(width: Int) throws {
        var state = TopState(delaySeconds: 1)
        for rate in [3.0, 12, 25, 31, 36, 41, 40] {
            var status = Documents.healthy
            status.throughput.decodeTokensPerSecond = rate
            state.receive(status)
        }
        state.fail("no coordinator answers")
        state.receive(Documents.degraded)
        try GoldenScreen.expect(text(state, width), "top-degraded-\(width)")
    }

    @Test func `while the coordinator is away the last picture stays, and says why`() {
        var state = TopState(delaySeconds: 1)
        state.fail("no coordinator\nanswers")
        #expect(text(state).contains("no status yet"))
        #expect(text(state).contains("error  no coordinator\u{FFFD}answers"))
        state.receive(Documents.healthy)
        #expect(!text(state).contains("error"))
        state.fail("no coordinator answers")
        #expect(text(state).contains("4/4 workers"))
        #expect(text(state).contains("error  no coordinator answers"))
        #expect(Array(state.rates) == [nil, 38.62, nil])
    }

    @Test func `a paused screen stands still`() {
        var state = TopState(delaySeconds: 1)
        state.receive(Documents.healthy)
        state = pressed(state, .pause)
        let before = text(state)
        #expect(before.contains("PAUSED"))
        state.receive(Documents.down)
        state.fail("away")
        #expect(text(state) == before)
        state = pressed(state, .pause)
        state.receive(Documents.down)
        #expect(text(state).contains("DOWN"))
    }

    @Test func `keys choose the delay, and no delay beyond the ends`() {
        var state = TopState(delaySeconds: 1)
        state = pressed(state, .slower)
        #expect(state.delaySeconds == 2)
        for _ in 0..<20 { state = pressed(state, .slower) }
        #expect(state.delaySeconds == TopState.delays.last)
        for _ in 0..<20 { state = pressed(state, .faster) }
        #expect(state.delaySeconds == TopState.delays.first)
        var odd = TopState(delaySeconds: 3)
        odd = pressed(odd, .faster)
        #expect(odd.delaySeconds == 2)
        let goesOn = odd.press(.quit)
        #expect(!goesOn)
    }

    @Test func `the history has an end`() {
        var state = TopState(delaySeconds: 1)
        for _ in 0...Limits.screenHistoryMax { state.receive(Documents.healthy) }
        #expect(state.rates.count == Limits.screenHistoryMax)
    }

    @Test func `more stages than lines can be scrolled through`() {
        var status = Documents.healthy
        status.stages = Documents.stages((0..<40).map { "worker-\($0)" }, layerCount: 80)
        var state = TopState(delaySeconds: 1)
        state.receive(status)
        #expect(text(state).contains("worker-0 "))
        #expect(!text(state).contains("worker-39"))
        #expect(text(state).contains("below: arrows scroll"))
        for _ in 0..<100 { state = pressed(state, .down) }
        #expect(text(state).contains("worker-39"))
        #expect(!text(state).contains("worker-0 "))
        state.receive(Documents.healthy)
        #expect(text(state).contains("srv-a"))
        for _ in 0..<100 { state = pressed(state, .up) }
        #expect(state.firstStage == 0)
    }

    @Test func `no document and no size makes a screen too large`() {
        for seed in 0..<UInt64(40) {
            var documents = HostileDocuments(seed: seed)
            var state = TopState(delaySeconds: .infinity)
            for _ in 0..<3 { state.receive(documents.status()) }
            if seed % 3 == 0 { state.fail(String(repeating: "unreachable ", count: 100)) }
            if seed % 7 == 0 { state = pressed(state, .help) }
            for (width, height) in [(1, 1), (20, 5), (80, 24), (200, 60)] {
                let lines = state.lines(width: width, height: height, clock: Self.utc)
                #expect(lines.count == height)
                #expect(lines.allSatisfy { $0.columns <= width }, "seed \(seed), \(width)x\(height)")
            }
        }
    }

    @Test func `keys are read among sequences of other keys`() {
        #expect(TopKey.keys(in: "qp+-h".utf8) == [.quit, .pause, .slower, .faster, .help])
        #expect(TopKey.keys(in: "\u{1B}[A\u{1B}OB\u{1B}[1;5Bk".utf8) == [.up, .down, .down, .up])
        #expect(TopKey.keys(in: "\u{1B}[15~\u{1B}[Hzzz\u{1B}[".utf8).isEmpty)
        #expect(TopKey.keys(in: [0x1B, 0xFF, 0x80]).isEmpty)
    }
}
