// SPDX-License-Identifier: MIT
import ClusterGateway
import Synchronization
import Testing

@Suite struct ConnectionPlacesTests {
    private final class Closed: Sendable {
        private let names = Mutex<[String]>([])

        var all: [String] { names.withLock { $0 } }

        func close(_ name: String) -> @Sendable () -> Void { { self.names.withLock { $0.append(name) } } }
    }

    @Test func `the longest idle makes room, and nobody who is answered does`() {
        let closed = Closed()
        let places = ConnectionPlaces(countMax: 2) { _ in true }
        let a = places.take(descriptor: 0, close: closed.close("a"))
        let b = places.take(descriptor: 0, close: closed.close("b"))
        a?.isBusy()
        let c = places.take(descriptor: 0, close: closed.close("c"))
        #expect(c != nil && closed.all == ["b"])
        c?.isBusy()
        #expect(places.take(descriptor: 0, close: closed.close("d")) == nil)
        a?.isIdle()
        #expect(places.take(descriptor: 0, close: closed.close("e")) != nil)
        #expect(closed.all == ["b", "a"])
        b?.leave()
        c?.leave()
        #expect(places.take(descriptor: 0, close: closed.close("f")) != nil)
        #expect(closed.all == ["b", "a"])
    }

    @Test func `descriptors count, however few connections there are`() {
        let closed = Closed()
        let places = ConnectionPlaces(countMax: 100) { $0 < 10 }
        #expect(places.take(descriptor: 10, close: closed.close("a")) == nil)
        #expect(places.take(descriptor: 9, close: closed.close("b")) != nil)
        #expect(places.take(descriptor: 10, close: closed.close("c")) != nil)
        #expect(closed.all == ["b"])
        places.makeRoom()
        places.makeRoom()
        #expect(closed.all == ["b", "c"])
    }
}
