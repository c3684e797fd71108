// SPDX-License-Identifier: MIT

import CClusterProto
import CProtobufC

/// A value with a twin among the structures that protoc-c generated.
protocol GeneratedMessage {
    /// Starts with a `ProtobufCMessage`, as every generated structure does.
    associatedtype Structure

    /// The generated `…__init`.
    static func initialise(_ structure: UnsafeMutablePointer<Structure>)

    func write(to structure: inout Structure, arena: EncodingArena)

    /// Copies and checks; nothing of `structure` is referred to afterwards.
    init(_ structure: Structure) throws(WireError)
}

extension GeneratedMessage {
    /// The only place where generated structures are packed.
    func pack() -> [UInt8] {
        let arena = EncodingArena()
        let structure = arena.structure(self)
        return structure.withMemoryRebound(to: ProtobufCMessage.self, capacity: 1) { base in
            [UInt8](unsafeUninitializedCapacity: protobuf_c_message_get_packed_size(base)) { buffer, count in
                // An empty message packs into nothing, and an empty array has no storage to offer.
                guard let start = buffer.baseAddress, buffer.count > 0 else { return }
                count = protobuf_c_message_pack(base, start)
            }
        }
    }

    /// The only place where foreign bytes are unpacked, and where what was allocated is freed.
    static func unpack(_ payload: RawSpan, budget: DecodingBudget) throws(WireError) -> Self {
        try payload.withUnsafeBytes { bytes throws(WireError) in
            try budget.withAllocator { allocator throws(WireError) in
                let start = bytes.assumingMemoryBound(to: UInt8.self).baseAddress
                guard let unpacked = protobuf_c_message_unpack(descriptor, allocator, bytes.count, start)
                else {
                    throw budget.isExceeded
                        ? WireError(
                            .budget,
                            "the message would take more than \(budget.bytesMax) bytes or "
                                + "\(budget.allocationsMax) allocations once decoded")
                        : WireError(.malformed, "the message is not valid protobuf")
                }
                defer { protobuf_c_message_free_unpacked(unpacked, allocator) }
                return try Self(
                    UnsafeMutableRawPointer(unpacked).assumingMemoryBound(to: Structure.self).pointee)
            }
        }
    }

    /// Taken from an initialised structure: Swift would pass a copy of the global.
    private static var descriptor: UnsafePointer<ProtobufCMessageDescriptor>? {
        withUnsafeTemporaryAllocation(of: Structure.self, capacity: 1) { buffer in
            guard let pointer = buffer.baseAddress else { return nil }
            initialise(pointer)
            return UnsafeRawPointer(pointer).assumingMemoryBound(to: ProtobufCMessage.self).pointee.descriptor
        }
    }
}
