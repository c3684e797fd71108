// SPDX-License-Identifier: MIT

import BitNetCore
package import BitNetFormats

/// Writes GGUF files, good ones and (by way of the overrides) bad ones.
package struct GGUFBuilder {
    package struct Key {
        package var name: [UInt8]
        package var type: UInt32
        package var payload: [UInt8]
    }

    package struct Tensor {
        package var name: [UInt8]
        package var dimensions: [UInt64]
        package var type: UInt32
        package var data: [UInt8]
        /// Instead of the next free place.
        package var offset: UInt64?

        package init(
            _ name: String, _ dimensions: [UInt64], _ type: UInt32, _ data: [UInt8], offset: UInt64? = nil
        ) {
            self.name = Array(name.utf8)
            self.dimensions = dimensions
            self.type = type
            self.data = data
            self.offset = offset
        }
    }

    package init() {}

    package var magic: [UInt8] = Array("GGUF".utf8)
    package var version: UInt32 = 3
    package var alignment = 32
    package var keys: [Key] = []
    package var tensors: [Tensor] = []
    package var keyCount: UInt64?
    package var tensorCount: UInt64?

    // MARK: Keys

    package mutating func set(_ name: String, _ type: UInt32, _ payload: [UInt8]) {
        let name = Array(name.utf8)
        keys.removeAll { $0.name == name }
        keys.append(Key(name: name, type: type, payload: payload))
    }

    package mutating func set(_ name: String, integer: UInt32) { set(name, 4, littleEndian(integer)) }
    package mutating func set(_ name: String, float: Float) { set(name, 6, littleEndian(float.bitPattern)) }
    package mutating func set(_ name: String, flag: Bool) { set(name, 7, [flag ? 1 : 0]) }
    package mutating func set(_ name: String, text: String) { set(name, 8, string(text)) }
    package mutating func set(_ name: String, texts: [String]) {
        set(name, 9, littleEndian(UInt32(8)) + littleEndian(UInt64(texts.count)) + texts.flatMap(string))
    }
    package mutating func set(_ name: String, integers: [Int32]) {
        set(
            name, 9,
            littleEndian(UInt32(5)) + littleEndian(UInt64(integers.count)) + integers.flatMap(littleEndian))
    }
    package mutating func remove(_ name: String) { keys.removeAll { $0.name == Array(name.utf8) } }

    package mutating func change(_ tensor: String, _ body: (inout Tensor) -> Void) {
        for index in tensors.indices where tensors[index].name == Array(tensor.utf8) { body(&tensors[index]) }
    }
    package mutating func removeTensor(_ name: String) { tensors.removeAll { $0.name == Array(name.utf8) } }

    // MARK: Bytes

    package var header: [UInt8] {
        var bytes = magic
        bytes += littleEndian(version)
        bytes += littleEndian(tensorCount ?? UInt64(tensors.count))
        bytes += littleEndian(keyCount ?? UInt64(keys.count))
        for key in keys {
            bytes += littleEndian(UInt64(key.name.count)) + key.name + littleEndian(key.type) + key.payload
        }
        var next: UInt64 = 0
        for tensor in tensors {
            bytes += littleEndian(UInt64(tensor.name.count)) + tensor.name
            bytes += littleEndian(UInt32(tensor.dimensions.count)) + tensor.dimensions.flatMap(littleEndian)
            bytes += littleEndian(tensor.type) + littleEndian(tensor.offset ?? next)
            next += UInt64(aligned(tensor.data.count))
        }
        return bytes
    }

    /// The file up to the end of the last tensor, without the padding behind it.
    package var unpadded: [UInt8] {
        var bytes = header
        for tensor in tensors {
            bytes += [UInt8](repeating: 0, count: aligned(bytes.count) - bytes.count)
            bytes += tensor.data
        }
        return bytes
    }

    package var bytes: [UInt8] {
        let bytes = unpadded
        return bytes + [UInt8](repeating: 0, count: aligned(bytes.count) - bytes.count)
    }

    private func aligned(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
}

package func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) }
}

package func string(_ text: String) -> [UInt8] { littleEndian(UInt64(text.utf8.count)) + Array(text.utf8) }

package func source(_ bytes: [UInt8]) -> ByteSource {
    let buffer = AlignedBuffer(byteCount: bytes.count)
    buffer.bytes.copyBytes(from: bytes)
    return .memory(buffer)
}

package func openGGUF(_ bytes: [UInt8]) throws(ModelFileError) -> GGUFFile {
    try GGUFFile(source: source(bytes), path: "test.gguf")
}

package func openModel(_ bytes: [UInt8]) throws(ModelFileError) -> ModelFile {
    try ModelFile(openGGUF(bytes))
}
