// SPDX-License-Identifier: MIT
import ClusterGateway
import Testing

@Suite struct ConnectionWatchTests {
    private let start = ContinuousClock.now
    private var watch = ConnectionWatch()

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func isClosed(_ watch: ConnectionWatch, at seconds: Double) -> Bool {
        if case .close = watch.verdict(at: at(seconds)) { true } else { false }
    }

    private func isRefused(_ watch: ConnectionWatch, at seconds: Double) -> Bool {
        if case .refuse = watch.verdict(at: at(seconds)) { true } else { false }
    }

    @Test func `a connection on which nothing happens is not waited for`() {
        #expect(watch.verdict(at: at(1000)) == .rest)
    }

    @Test mutating func `a header has its time from its first byte on, however it drips`() {
        watch.received(at: at(0))
        watch.received(at: at(9))
        #expect(watch.verdict(at: at(9)) == .wait(until: at(10)))
        #expect(isRefused(watch, at: 10))
        watch.headReceived(at: at(9))
        watch.requestReceived()
        #expect(watch.verdict(at: at(1000)) == .rest)
    }

    @Test mutating func `a body has its time from the header on, even if it was answered already`() {
        watch.received(at: at(0))
        watch.headReceived(at: at(1))
        watch.received(at: at(30))
        #expect(watch.verdict(at: at(30)) == .wait(until: at(31)))
        watch.answered(at: at(30))
        #expect(isRefused(watch, at: 31))
        watch.requestReceived()
        #expect(watch.verdict(at: at(31)) == .rest)
    }

    @Test mutating func `a header that comes during an answer has its time afterwards`() {
        watch.headReceived(at: at(0))
        watch.requestReceived()
        watch.received(at: at(1))
        #expect(watch.verdict(at: at(500)) == .rest)
        watch.answered(at: at(500))
        #expect(watch.verdict(at: at(501)) == .wait(until: at(510)))
        #expect(isRefused(watch, at: 510))
    }

    @Test mutating func `an answer may be taken slowly, but it must be taken`() {
        let least = ConnectionTimeouts().writeBytesMin
        watch.wrote(taken: 0, waiting: 1_000_000, at: at(0))
        watch.wrote(taken: least, waiting: 900_000, at: at(59))
        #expect(watch.verdict(at: at(60)) == .wait(until: at(119)))
        // A byte now and then is nothing.
        watch.wrote(taken: 2 * least - 1, waiting: 800_000, at: at(118))
        #expect(isClosed(watch, at: 119))
        watch.wrote(taken: 2 * least, waiting: 1, at: at(119))
        #expect(watch.verdict(at: at(120)) == .wait(until: at(179)))
        watch.wrote(taken: 2 * least + 1, waiting: 0, at: at(120))
        #expect(watch.verdict(at: at(1000)) == .rest)
    }

    @Test mutating func `who has closed his side is looked for until his answer begins`() {
        var timeouts = ConnectionTimeouts()
        timeouts.presence = .seconds(2)
        watch = ConnectionWatch(timeouts: timeouts)
        watch.headReceived(at: at(0))
        watch.requestReceived()
        watch.inputClosed(at: at(1))
        #expect(watch.verdict(at: at(2)) == .wait(until: at(3)))
        #expect(watch.verdict(at: at(3)) == .probe)
        watch.probed(at: at(3))
        #expect(watch.verdict(at: at(4)) == .wait(until: at(5)))
        watch.answering()
        #expect(watch.verdict(at: at(100)) == .rest)
    }

    @Test mutating func `after the last answer the connection ends, once its client has that`() {
        watch.wrote(taken: 0, waiting: 100, at: at(0))
        watch.finished(at: at(0))
        #expect(watch.verdict(at: at(5)) == .wait(until: at(60)))
        watch.wrote(taken: 100, waiting: 0, at: at(6))
        #expect(isClosed(watch, at: 6))
    }
}
