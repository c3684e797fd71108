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

    @Test func `a connection on which nothing happens is not waited for`() {
        #expect(watch.verdict(at: at(1000)) == .rest)
    }

    @Test mutating func `a header has its time from its first byte on, however it drips`() {
        watch.received(at: at(0))
        watch.received(at: at(9))
        #expect(watch.verdict(at: at(9)) == .wait(until: at(10)))
        #expect(isClosed(watch, at: 10))
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
        #expect(isClosed(watch, at: 31))
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
        #expect(isClosed(watch, at: 510))
    }

    @Test mutating func `an answer may be taken slowly, but it must be taken`() {
        watch.wrote(taken: 0, waiting: 100, at: at(0))
        watch.wrote(taken: 1, waiting: 99, at: at(59))
        #expect(watch.verdict(at: at(60)) == .wait(until: at(119)))
        watch.wrote(taken: 1, waiting: 500, at: at(100))
        #expect(isClosed(watch, at: 119))
        watch.wrote(taken: 501, waiting: 0, at: at(119))
        #expect(watch.verdict(at: at(1000)) == .rest)
    }
}
