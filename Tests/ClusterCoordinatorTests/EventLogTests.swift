// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import ClusterCoordinator
import Testing

@Suite struct EventLogTests {
    @Test func `who comes late gets what is kept, and then what comes`() async {
        let log = EventLog()
        for index in 1...3 { log.append("joined", "event \(index)", time: Double(index)) }
        let all = log.events(after: 0)
        let some = log.events(after: 2)
        let news = log.events(after: nil)
        log.append("serving", "event 4", time: 4)
        log.finish()
        #expect(await ids(all) == [1, 2, 3, 4])
        #expect(await ids(some) == [3, 4])
        #expect(await ids(news) == [4])
    }

    @Test func `the oldest events are forgotten`() async {
        let log = EventLog()
        for index in 0...Limits.eventsKeptMax { log.append("joined", "event", time: Double(index)) }
        let events = log.events(after: 0)
        log.finish()
        let ids = await ids(events)
        #expect(ids.count == Limits.eventsKeptMax)
        #expect(ids.first == 2)
    }

    private func ids(_ events: AsyncStream<EventRecord>) async -> [UInt64] {
        var ids: [UInt64] = []
        for await event in events { ids.append(event.id) }
        return ids
    }
}
