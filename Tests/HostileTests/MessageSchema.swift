// SPDX-License-Identifier: MIT
import CClusterProto
import CProtobufC
import ClusterWire
import TestSupport

/// A field of a control message, as the schema has it.
struct MessageField: Sendable {
    indirect enum Kind: Sendable {
        case variable
        case fixed32
        case fixed64
        case bytes
        case message([MessageField])
    }

    let number: UInt64
    let kind: Kind

    /// All fields of what a frame carries; none if that is no control message.
    static func fields(of type: FrameType) -> [MessageField] { byType[type] ?? [] }

    private static let byType = Dictionary(
        uniqueKeysWithValues: FrameType.allCases.map { ($0, read($0)) })

    private static func read(_ type: FrameType) -> [MessageField] {
        switch type {
        case .hello: fields(cluster__hello__init)
        case .helloReply: fields(cluster__hello_reply__init)
        case .proof: fields(cluster__proof__init)
        case .welcome: fields(cluster__welcome__init)
        case .refusal: fields(cluster__refusal__init)
        case .heartbeat: fields(cluster__heartbeat__init)
        case .heartbeatReply: fields(cluster__heartbeat_reply__init)
        case .assignment: fields(cluster__assignment__init)
        case .storeStatus: fields(cluster__store_status__init)
        case .ready: fields(cluster__ready__init)
        case .fault: fields(cluster__fault__init)
        case .link: fields(cluster__link__init)
        case .linked: fields(cluster__linked__init)
        case .release: fields(cluster__release__init)
        case .released: fields(cluster__released__init)
        case .measure: fields(cluster__measure__init)
        case .measured: fields(cluster__measured__init)
        case .probeLinks: fields(cluster__probe_links__init)
        case .linksProbed: fields(cluster__links_probed__init)
        case .examine: fields(cluster__examine__init)
        case .examination: fields(cluster__examination__init)
        case .partOffer: fields(cluster__part_offer__init)
        case .partStatus: fields(cluster__part_status__init)
        case .partResult: fields(cluster__part_result__init)
        case .partProgress: fields(cluster__part_progress__init)
        case .opening: fields(cluster__opening__init)
        case .closing: fields(cluster__closing__init)
        case .partChunk, .partEnd, .step, .outcome, .probe, .probed: []
        }
    }

    /// Taken from an initialised structure, which begins with its descriptor.
    private static func fields<Structure>(
        _ initialise: (UnsafeMutablePointer<Structure>?) -> Void
    ) -> [MessageField] {
        withUnsafeTemporaryAllocation(of: Structure.self, capacity: 1) { buffer in
            guard let pointer = buffer.baseAddress else { return [] }
            initialise(pointer)
            return UnsafeRawPointer(pointer).assumingMemoryBound(to: ProtobufCMessage.self).pointee
                .descriptor.map { fields($0.pointee) } ?? []
        }
    }

    private static func fields(_ descriptor: ProtobufCMessageDescriptor) -> [MessageField] {
        (0..<Int(descriptor.n_fields)).map { MessageField(descriptor.fields[$0]) }
    }

    private init(_ field: ProtobufCFieldDescriptor) {
        number = UInt64(field.id)
        switch field.type {
        case PROTOBUF_C_TYPE_FLOAT, PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_SFIXED32: kind = .fixed32
        case PROTOBUF_C_TYPE_DOUBLE, PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_SFIXED64: kind = .fixed64
        case PROTOBUF_C_TYPE_BYTES, PROTOBUF_C_TYPE_STRING: kind = .bytes
        case PROTOBUF_C_TYPE_MESSAGE:
            let inner = field.descriptor?.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
            kind = .message(inner.map { Self.fields($0.pointee) } ?? [])
        default: kind = .variable
        }
    }

    // MARK: Drawing

    /// The field with a value that it should not have, or hardly has.
    ///
    /// Behind a whole message it takes the place of what that says of the field, or adds to it.
    func drawn(by random: inout SeededGenerator) -> [UInt8] {
        switch kind {
        case .variable: Self.tag(number, 0) + Self.variable(Extremes.integer(&random))
        case .fixed64: Self.tag(number, 1) + Self.bytes(Extremes.bits64(&random))
        case .bytes: Self.delimited(number, Extremes.bytes(&random))
        case .message(let fields):
            Self.delimited(
                number, fields.filter { _ in random.once(in: 2) }.flatMap { $0.drawn(by: &random) })
        case .fixed32: Self.tag(number, 5) + Self.bytes(Extremes.bits32(&random))
        }
    }

    private static func delimited(_ number: UInt64, _ content: [UInt8]) -> [UInt8] {
        tag(number, 2) + variable(UInt64(content.count)) + content
    }

    private static func tag(_ number: UInt64, _ wireType: UInt64) -> [UInt8] {
        variable(number << 3 | wireType)
    }

    private static func variable(_ value: UInt64) -> [UInt8] {
        var (bytes, rest): ([UInt8], UInt64) = ([], value)
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) }
    }
}
