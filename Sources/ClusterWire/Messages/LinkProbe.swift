// SPDX-License-Identifier: MIT

import BitNetCore
import CClusterProto

/// Another worker of the session.
package struct Neighbour: Equatable, Sendable {
    package var name: String
    /// host:port.
    package var address: String
    /// Which process that is, as it said in its ``Welcome``; 0 if it is not known.
    package var id: UInt64

    package init(name: String, address: String, id: UInt64 = 0) {
        self.name = name
        self.address = address
        self.id = id
    }
}

extension Neighbour: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__Neighbour>) {
        cluster__neighbour__init(structure)
    }

    func write(to structure: inout Cluster__Neighbour, arena: EncodingArena) {
        structure.name = arena.text(name)
        structure.address = arena.text(address)
        structure.id = id
    }

    init(_ structure: Cluster__Neighbour) throws(WireError) {
        let reader = FieldReader(Self.self)
        name = try reader.name("name", structure.name.bytes, isEmptyAllowed: false)
        address = try reader.address("address", structure.address.bytes)
        id = structure.id
    }
}

/// Coordinator to worker, before the plan, or an examiner at any time: measure the ways to these workers.
package struct ProbeLinks: ControlMessage {
    package static let frameType = FrameType.probeLinks

    package var neighbours: [Neighbour]

    package init(neighbours: [Neighbour]) {
        self.neighbours = neighbours
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension ProbeLinks: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__ProbeLinks>) {
        cluster__probe_links__init(structure)
    }

    func write(to structure: inout Cluster__ProbeLinks, arena: EncodingArena) {
        structure.n_neighbours = neighbours.count
        structure.neighbours = arena.structures(neighbours)
    }

    init(_ structure: Cluster__ProbeLinks) throws(WireError) {
        neighbours = try FieldReader(Self.self).messages(
            "neighbours", structure.neighbours, count: structure.n_neighbours, countMax: Limits.workersMax)
    }
}

/// One way between two members of a session.
///
/// Nothing is promised of the figures: whoever uses them checks them.
package struct LinkFigures: Equatable, Sendable {
    /// The neighbour's name.
    package var name: String
    /// One way: half of a round trip.
    package var latencySeconds: Double
    package var bytesPerSecond: Double
    /// On examine connections: why the way could not be measured; else empty.
    package var error: String

    package init(name: String, latencySeconds: Double, bytesPerSecond: Double, error: String = "") {
        self.name = name
        self.latencySeconds = latencySeconds
        self.bytesPerSecond = bytesPerSecond
        self.error = error
    }
}

extension LinkFigures: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__LinkFigures>) {
        cluster__link_figures__init(structure)
    }

    func write(to structure: inout Cluster__LinkFigures, arena: EncodingArena) {
        structure.name = arena.text(name)
        structure.latency_seconds = latencySeconds
        structure.bytes_per_second = bytesPerSecond
        structure.error = arena.text(WireText.prose(error, bytesMax: Limits.examinedErrorBytesMax))
    }

    init(_ structure: Cluster__LinkFigures) throws(WireError) {
        let reader = FieldReader(Self.self)
        name = try reader.name("name", structure.name.bytes, isEmptyAllowed: false)
        latencySeconds = structure.latency_seconds
        bytesPerSecond = structure.bytes_per_second
        error = try reader.prose("error", structure.error.bytes, bytesMax: Limits.examinedErrorBytesMax)
    }
}

/// Worker to coordinator: the answer to ``ProbeLinks``.
///
/// On control connections without those that could not be reached, on examine connections with all.
package struct LinksProbed: ControlMessage {
    package static let frameType = FrameType.linksProbed

    package var links: [LinkFigures]

    package init(links: [LinkFigures]) {
        self.links = links
    }

    package func encode() -> [UInt8] { pack() }

    package static func decode(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try unpack(payload, budget: budget)
    }
}

extension LinksProbed: GeneratedMessage {
    static func initialise(_ structure: UnsafeMutablePointer<Cluster__LinksProbed>) {
        cluster__links_probed__init(structure)
    }

    func write(to structure: inout Cluster__LinksProbed, arena: EncodingArena) {
        structure.n_links = links.count
        structure.links = arena.structures(links)
    }

    init(_ structure: Cluster__LinksProbed) throws(WireError) {
        links = try FieldReader(Self.self).messages(
            "links", structure.links, count: structure.n_links, countMax: Limits.workersMax)
    }
}
