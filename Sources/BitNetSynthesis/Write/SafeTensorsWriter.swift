// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats

/// Lays out safetensors files: the length of a JSON table, the table, then the tensors without gaps.
package enum SafeTensorsWriter {
    package enum ElementType: String, Sendable {
        case uint8 = "U8"
        case float16 = "F16"
        case bfloat16 = "BF16"
        case float32 = "F32"
    }

    package struct Tensor: Sendable {
        package let name: String
        /// Fastest-varying dimension last.
        package let shape: [Int]
        package let type: ElementType
        package let stream: TensorStream

        package init(_ name: String, shape: [Int], type: ElementType, stream: TensorStream) {
            self.name = name
            self.shape = shape
            self.type = type
            self.stream = stream
        }
    }

    package static func file(path: String, tensors: [Tensor]) -> FileImage {
        var members: [(key: String, value: JSONValue)] = [
            ("__metadata__", .object([("format", .text("pt"))]))
        ]
        var offset = 0
        for tensor in tensors {
            let end = offset + tensor.stream.byteCount
            members.append(
                (
                    tensor.name,
                    .object([
                        ("dtype", .text(tensor.type.rawValue)),
                        ("shape", .list(tensor.shape.map(JSONValue.integer))),
                        ("data_offsets", .list([.integer(offset), .integer(end)])),
                    ])
                ))
            offset = end
        }
        var table = Array(JSONValue.object(members).encoded.utf8)
        // The data begin at a multiple of eight; spaces after JSON mean nothing.
        table += [UInt8](repeating: UInt8(ascii: " "), count: (8 - table.count % 8) % 8)
        var header: [UInt8] = []
        header.append(littleEndian: UInt64(table.count))
        return FileImage(path: path, header: header + table, streams: tensors.map(\.stream))
    }

    /// `model.safetensors`, or at most `parts` files of about the same size and the index that names them.
    package static func files(directory: String, tensors: [Tensor], parts: Int) -> [FileImage] {
        let groups = tensors.split(intoAtMost: parts) { $0.stream.byteCount }
        guard groups.count > 1 else {
            return [file(path: "\(directory)/model.safetensors", tensors: tensors)]
        }
        var weightMap: [(key: String, value: JSONValue)] = []
        var files: [FileImage] = []
        for (index, group) in groups.enumerated() {
            let name = "model\(SplitFileName.suffix(of: index + 1, count: groups.count)).safetensors"
            files.append(file(path: "\(directory)/\(name)", tensors: group))
            weightMap += group.map { ($0.name, .text(name)) }
        }
        let total = tensors.reduce(0) { $0 + $1.stream.byteCount }
        let index = JSONValue.object([
            ("metadata", .object([("total_size", .integer(total))])), ("weight_map", .object(weightMap)),
        ])
        files.append(
            FileImage(
                path: "\(directory)/model.safetensors.index.json", header: Array((index.encoded + "\n").utf8))
        )
        return files
    }
}
