// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats

/// Writes GGUF files, good ones and (by way of the overrides) bad ones.
struct GGUFBuilder {
    struct Key {
        var name: [UInt8]
        var type: UInt32
        var payload: [UInt8]
    }

    struct Tensor {
        var name: [UInt8]
        var dimensions: [UInt64]
        var type: UInt32
        var data: [UInt8]
        /// Instead of the next free place.
        var offset: UInt64?

        init(_ name: String, _ dimensions: [UInt64], _ type: UInt32, _ data: [UInt8], offset: UInt64? = nil) {
            self.name = Array(name.utf8)
            self.dimensions = dimensions
            self.type = type
            self.data = data
            self.offset = offset
        }
    }

    var magic: [UInt8] = Array("GGUF".utf8)
    var version: UInt32 = 3
    var alignment = 32
    var keys: [Key] = []
    var tensors: [Tensor] = []
    var keyCount: UInt64?
    var tensorCount: UInt64?

    // MARK: Keys

    mutating func set(_ name: String, _ type: UInt32, _ payload: [UInt8]) {
        let name = Array(name.utf8)
        keys.removeAll { $0.name == name }
        keys.append(Key(name: name, type: type, payload: payload))
    }

    mutating func set(_ name: String, integer: UInt32) { set(name, 4, littleEndian(integer)) }
    mutating func set(_ name: String, float: Float) { set(name, 6, littleEndian(float.bitPattern)) }
    mutating func set(_ name: String, flag: Bool) { set(name, 7, [flag ? 1 : 0]) }
    mutating func set(_ name: String, text: String) { set(name, 8, string(text)) }
    mutating func set(_ name: String, texts: [String]) {
        set(name, 9, littleEndian(UInt32(8)) + littleEndian(UInt64(texts.count)) + texts.flatMap(string))
    }
    mutating func set(_ name: String, integers: [Int32]) {
        set(
            name, 9,
            littleEndian(UInt32(5)) + littleEndian(UInt64(integers.count)) + integers.flatMap(littleEndian))
    }
    mutating func remove(_ name: String) { keys.removeAll { $0.name == Array(name.utf8) } }

    mutating func change(_ tensor: String, _ body: (inout Tensor) -> Void) {
        for index in tensors.indices where tensors[index].name == Array(tensor.utf8) { body(&tensors[index]) }
    }
    mutating func removeTensor(_ name: String) { tensors.removeAll { $0.name == Array(name.utf8) } }

    // MARK: Bytes

    var header: [UInt8] {
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
    var unpadded: [UInt8] {
        var bytes = header
        for tensor in tensors {
            bytes += [UInt8](repeating: 0, count: aligned(bytes.count) - bytes.count)
            bytes += tensor.data
        }
        return bytes
    }

    var bytes: [UInt8] {
        let bytes = unpadded
        return bytes + [UInt8](repeating: 0, count: aligned(bytes.count) - bytes.count)
    }

    private func aligned(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
}

func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) }
}

func string(_ text: String) -> [UInt8] { littleEndian(UInt64(text.utf8.count)) + Array(text.utf8) }

func source(_ bytes: [UInt8]) -> ByteSource {
    let buffer = AlignedBuffer(byteCount: bytes.count)
    buffer.bytes.copyBytes(from: bytes)
    return .memory(buffer)
}

func openGGUF(_ bytes: [UInt8]) throws(ModelFileError) -> GGUFFile {
    try GGUFFile(source: source(bytes), path: "test.gguf")
}

func openModel(_ bytes: [UInt8]) throws(ModelFileError) -> ModelFile {
    try ModelFile(openGGUF(bytes))
}
