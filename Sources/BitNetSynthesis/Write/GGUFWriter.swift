// SPDX-License-Identifier: MIT

import BitNetCore
package import BitNetFormats

/// Metadata of a GGUF file in the form in which it is written.
package struct GGUFMetadata: Sendable {
    private(set) var bytes: [UInt8] = []
    private(set) var count = 0

    package init() {}

    package mutating func set(_ key: String, integer: Int) {
        begin(key, .uint32)
        bytes.append(littleEndian: UInt32(clamping: integer))
    }

    package mutating func set(_ key: String, short: UInt16) {
        begin(key, .uint16)
        bytes.append(littleEndian: short)
    }

    package mutating func set(_ key: String, signed: Int32) {
        begin(key, .int32)
        bytes.append(littleEndian: signed)
    }

    package mutating func set(_ key: String, float: Float) {
        begin(key, .float32)
        bytes.append(littleEndian: float)
    }

    package mutating func set(_ key: String, flag: Bool) {
        begin(key, .bool)
        bytes.append(flag ? 1 : 0)
    }

    package mutating func set(_ key: String, text: String) {
        begin(key, .string)
        append(text)
    }

    package mutating func set(_ key: String, texts: [String]) {
        begin(key, .array)
        bytes.append(littleEndian: GGUFValueType.string.rawValue)
        bytes.append(littleEndian: UInt64(texts.count))
        for text in texts { append(text) }
    }

    package mutating func set(_ key: String, integers: [Int32]) {
        begin(key, .array)
        bytes.append(littleEndian: GGUFValueType.int32.rawValue)
        bytes.append(littleEndian: UInt64(integers.count))
        for integer in integers { bytes.append(littleEndian: integer) }
    }

    private mutating func begin(_ key: String, _ type: GGUFValueType) {
        append(key)
        bytes.append(littleEndian: type.rawValue)
        count += 1
    }

    private mutating func append(_ text: String) { bytes.append(string: text) }
}

/// Lays out GGUF files of version 3: metadata, the table of all tensors, then their data one after another.
package enum GGUFWriter {
    package struct Tensor: Sendable {
        package let name: String
        /// Fastest-varying dimension first.
        package let dimensions: [Int]
        package let type: TensorType
        package let stream: TensorStream

        package init(_ name: String, dimensions: [Int], type: TensorType, stream: TensorStream) {
            self.name = name
            self.dimensions = dimensions
            self.type = type
            self.stream = stream
        }
    }

    private static let alignment = 32

    package static func file(path: String, metadata: GGUFMetadata, tensors: [Tensor]) -> FileImage {
        var header = Array("GGUF".utf8)
        header.append(littleEndian: UInt32(3))
        header.append(littleEndian: UInt64(tensors.count))
        header.append(littleEndian: UInt64(metadata.count))
        header += metadata.bytes
        var offset = 0
        for tensor in tensors {
            header.append(string: tensor.name)
            header.append(littleEndian: UInt32(tensor.dimensions.count))
            for dimension in tensor.dimensions { header.append(littleEndian: UInt64(dimension)) }
            header.append(littleEndian: tensor.type.id)
            header.append(littleEndian: UInt64(offset))
            offset = FileImage.aligned(offset + tensor.stream.byteCount, alignment)
        }
        return FileImage(
            path: path, header: header, streams: tensors.map(\.stream), alignment: alignment, alignsEnd: true)
    }

    /// A model in at most `parts` files of about the same size, named `<stem>-00001-of-0000N.gguf`.
    ///
    /// The first carries the model's metadata, every one says which of them it is.
    package static func files(
        path: String, metadata: GGUFMetadata, tensors: [Tensor], parts: Int
    ) -> [FileImage] {
        let groups = tensors.split(intoAtMost: parts) { $0.stream.byteCount }
        guard groups.count > 1 else { return [file(path: path, metadata: metadata, tensors: tensors)] }
        let stem = path.hasSuffix(".gguf") ? String(path.dropLast(5)) : path
        return groups.enumerated().map { index, group in
            var own = index == 0 ? metadata : GGUFMetadata()
            own.set("split.no", short: UInt16(clamping: index))
            own.set("split.count", short: UInt16(clamping: groups.count))
            own.set("split.tensors.count", signed: Int32(clamping: tensors.count))
            let name = "\(stem)\(SplitFileName.suffix(of: index + 1, count: groups.count)).gguf"
            return file(path: name, metadata: own, tensors: group)
        }
    }
}

extension Array {
    /// Consecutive groups of about the same size, none of them empty: an element belongs to the part of the whole
    /// that its middle lies in.
    func split(intoAtMost parts: Int, size: (Element) -> Int) -> [[Element]] {
        let total = Double(reduce(0) { $0 + size($1) })
        var groups: [[Element]] = []
        var (start, last) = (0.0, -1)
        for element in self {
            let middle = start + Double(size(element)) / 2
            let part = total > 0 ? Int(middle * Double(parts) / total) : 0
            if part == last { groups[groups.count - 1].append(element) } else { groups.append([element]) }
            last = part
            start += Double(size(element))
        }
        return groups
    }
}

extension [UInt8] {
    /// A string as GGUF has it: its length, then its bytes.
    fileprivate mutating func append(string: String) {
        append(littleEndian: UInt64(string.utf8.count))
        append(contentsOf: string.utf8)
    }
}
