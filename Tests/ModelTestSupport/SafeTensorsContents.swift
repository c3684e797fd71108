// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats

/// What a safetensors file holds, by name.
package struct SafeTensorsContents {
    package struct Tensor {
        package var type = ""
        package var shape: [Int] = []
        package var range = 0..<0
        package var bytes: [UInt8] = []
    }

    package private(set) var tensors: [String: Tensor] = [:]

    package init(_ file: [UInt8]) throws {
        let length = file[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        try file[8..<8 + length].withUnsafeBytes { bytes in
            var json = ModelJSONReader(bytes, file: "test.safetensors")
            try json.readObject { json, name throws(ModelFileError) in
                if name == "__metadata__" { return try json.skip() }
                var tensor = Tensor()
                try json.readObject { json, key throws(ModelFileError) in
                    switch key {
                    case "dtype": tensor.type = try json.readText()
                    case "shape":
                        try json.readArray { json throws(ModelFileError) in
                            tensor.shape.append(try json.readInteger())
                        }
                    default:
                        var ends: [Int] = []
                        try json.readArray { json throws(ModelFileError) in
                            ends.append(try json.readInteger())
                        }
                        tensor.range = 8 + length + ends[0]..<8 + length + ends[1]
                    }
                }
                tensor.bytes = Array(file[tensor.range])
                tensors[name] = tensor
            }
            try json.finish()
        }
    }
}
