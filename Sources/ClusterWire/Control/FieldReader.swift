// SPDX-License-Identifier: MIT

import BitNetCore

/// Text and bytes that came in a control message, checked before they become Swift values.
struct FieldReader {
    let message: String

    init(_ message: Any.Type) {
        self.message = "\(message)"
    }

    /// A name: no control characters at all, for it ends up in logs and on terminals.
    func name(
        _ field: String, _ bytes: some Collection<UInt8>, isEmptyAllowed: Bool = true
    ) throws(WireError) -> String {
        guard isEmptyAllowed || !bytes.isEmpty else {
            throw WireError(.limit, "\(message).\(field) is empty")
        }
        return try text(field, bytes, bytesMax: Limits.nameBytesMax) { !WireText.isControl($0) }
    }

    /// One of the names of a type that both sides know.
    ///
    /// - Parameter absent: what an empty name stands for; without it, it is a name like any other.
    func known<Value: RawRepresentable<String> & CaseIterable>(
        _ field: String, _ bytes: some Collection<UInt8>, absent: Value? = nil
    ) throws(WireError) -> Value {
        let text = try name(field, bytes)
        if text.isEmpty, let absent { return absent }
        guard let value = Value(rawValue: text) else {
            let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw WireError(
                .name, "\(message).\(field) is “\(text)”, which is unknown here; known are \(known)")
        }
        return value
    }

    /// host:port.
    func address(_ field: String, _ bytes: some Collection<UInt8>) throws(WireError) -> String {
        try text(field, bytes, bytesMax: Limits.addressBytesMax) { !WireText.isControl($0) }
    }

    /// Sentences: lines and tabs are allowed.
    func prose(
        _ field: String, _ bytes: some Collection<UInt8>, bytesMax: Int = Limits.messageBytesMax
    ) throws(WireError) -> String {
        try text(field, bytes, bytesMax: bytesMax, isAllowed: WireText.isAllowedInProse)
    }

    func bytes(
        _ field: String, _ bytes: some Collection<UInt8>, countMax: Int
    ) throws(WireError) -> [UInt8] {
        guard bytes.count <= countMax else {
            throw WireError(
                .limit, "\(message).\(field) has \(bytes.count) bytes; at most \(countMax) are taken")
        }
        return [UInt8](bytes)
    }

    func bytes(_ field: String, _ bytes: some Collection<UInt8>, count: Int) throws(WireError) -> [UInt8] {
        guard bytes.count == count else {
            throw WireError(.limit, "\(message).\(field) has \(bytes.count) bytes instead of \(count)")
        }
        return [UInt8](bytes)
    }

    func digest(_ field: String, _ bytes: some Collection<UInt8>) throws(WireError) -> ContentDigest {
        guard let digest = ContentDigest(bytes) else {
            throw WireError(
                .limit,
                "\(message).\(field) has \(bytes.count) bytes; a digest has \(ContentDigest.byteCount)")
        }
        return digest
    }

    func number<Number: FixedWidthInteger>(
        _ field: String, _ value: Number, in range: ClosedRange<Number>
    ) throws(WireError) -> Number {
        guard range.contains(value) else {
            throw WireError(
                .limit,
                "\(message).\(field) is \(value); \(range.lowerBound) to \(range.upperBound) are taken")
        }
        return value
    }

    /// What only people read, and what may be unlimited: what is beyond `max` counts as that.
    func figure<Number: FixedWidthInteger>(
        _ value: Number, max: Number = Number(clamping: Limits.toldFigureMax)
    ) -> Number {
        min(value, max)
    }

    /// A number of things, of which there is at least one.
    func size(_ field: String, _ value: UInt32, max: Int) throws(WireError) -> Int {
        Int(clamping: try number(field, value, in: 1...UInt32(clamping: max)))
    }

    /// The items of a repeated field.
    func messages<Message: GeneratedMessage>(
        _ field: String, _ items: UnsafeMutablePointer<UnsafeMutablePointer<Message.Structure>?>?, count: Int,
        countMax: Int
    ) throws(WireError) -> [Message] {
        guard count <= countMax else {
            throw WireError(.limit, "\(message).\(field) has \(count) items; at most \(countMax) are taken")
        }
        var messages: [Message] = []
        messages.reserveCapacity(count)
        for item in UnsafeBufferPointer(start: items, count: count) {
            if let item { messages.append(try Message(item.pointee)) }
        }
        return messages
    }

    /// The values of a packed field.
    func values<Value>(
        _ field: String, _ values: UnsafeMutablePointer<Value>?, count: Int, countMax: Int
    ) throws(WireError) -> [Value] {
        guard count <= countMax else {
            throw WireError(.limit, "\(message).\(field) has \(count) values; at most \(countMax) are taken")
        }
        return Array(UnsafeBufferPointer(start: values, count: values == nil ? 0 : count))
    }

    private func text(
        _ field: String, _ bytes: some Collection<UInt8>, bytesMax: Int, isAllowed: (Unicode.Scalar) -> Bool
    ) throws(WireError) -> String {
        guard bytes.count <= bytesMax else {
            throw WireError(
                .limit, "\(message).\(field) has \(bytes.count) bytes; at most \(bytesMax) are taken")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw WireError(.text, "\(message).\(field) is not UTF-8")
        }
        guard text.unicodeScalars.allSatisfy(isAllowed) else {
            throw WireError(.text, "\(message).\(field) holds control characters")
        }
        return text
    }
}
