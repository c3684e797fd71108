// SPDX-License-Identifier: MIT

import CClusterProto
import CProtobufC

/// Memory that generated C structures point into while they are packed; freed with the arena.
final class EncodingArena {
    private var blocks: [UnsafeMutableRawPointer] = []

    deinit {
        for block in blocks { block.deallocate() }
    }

    func binary(_ bytes: some Collection<UInt8>) -> ProtobufCBinaryData {
        let copy = allocate(UInt8.self, count: bytes.count)
        _ = UnsafeMutableBufferPointer(start: copy, count: bytes.count).initialize(from: bytes)
        return ProtobufCBinaryData(len: bytes.count, data: copy)
    }

    func text(_ text: String) -> ProtobufCBinaryData { binary(text.utf8) }

    /// A generated structure that holds `message`.
    func structure<Message: GeneratedMessage>(_ message: Message) -> UnsafeMutablePointer<Message.Structure> {
        let pointer = allocate(Message.Structure.self, count: 1)
        Message.initialise(pointer)
        message.write(to: &pointer.pointee, arena: self)
        return pointer
    }

    /// Pointers to generated structures, as repeated fields want them.
    func structures<Message: GeneratedMessage>(
        _ messages: [Message]
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<Message.Structure>?> {
        let pointers = allocate(UnsafeMutablePointer<Message.Structure>?.self, count: messages.count)
        for (index, message) in messages.enumerated() {
            (pointers + index).initialize(to: structure(message))
        }
        return pointers
    }

    /// The values of a packed field.
    func values<Value>(_ values: [Value]) -> UnsafeMutablePointer<Value> {
        let copy = allocate(Value.self, count: values.count)
        copy.initialize(from: values, count: values.count)
        return copy
    }

    private func allocate<Element>(_: Element.Type, count: Int) -> UnsafeMutablePointer<Element> {
        let pointer = UnsafeMutablePointer<Element>.allocate(capacity: max(count, 1))
        blocks.append(UnsafeMutableRawPointer(pointer))
        return pointer
    }
}
