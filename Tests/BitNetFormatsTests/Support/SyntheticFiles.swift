// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import Glibc

/// An empty directory that goes away with the object, and directories in it.
final class ScratchDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/bitnet-formats-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw FileError(path: "/tmp", operation: "create", errno: errno)
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in names {
            for inner in FileSystem.entries(of: "\(path)/\(name)") { unlink("\(path)/\(name)/\(inner)") }
            if rmdir("\(path)/\(name)") != 0 { unlink("\(path)/\(name)") }
        }
        rmdir(path)
    }

    /// What is in the directory, sorted.
    var names: [String] { FileSystem.entries(of: path).sorted() }

    func move(_ name: String, to other: String) throws {
        guard rename("\(path)/\(name)", "\(path)/\(other)") == 0 else {
            throw FileError(path: name, operation: "rename", errno: errno)
        }
    }

    func remove(_ name: String) throws {
        guard unlink("\(path)/\(name)") == 0 else {
            throw FileError(path: name, operation: "remove", errno: errno)
        }
    }

    func bytes(of name: String) throws -> [UInt8] {
        try MappedFile(path: "\(path)/\(name)").withBytes { [UInt8]($0) }
    }

    func write(_ text: String, to name: String) throws {
        let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw FileError(path: name, operation: "create", errno: errno) }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count else {
            throw FileError(path: name, operation: "write", errno: errno)
        }
    }
}

/// A synthetic model of two layers whose widths go with every type.
func smallModel(
    family: String = "bitnet-b1.58", seed: UInt64 = 7,
    _ change: (inout SyntheticModel.Changes) -> Void = { _ in }
) throws -> SyntheticModel {
    var changes = SyntheticModel.Changes()
    changes.hidden = 256
    changes.feedForward = 256
    changes.heads = 4
    changes.keyValueHeads = 2
    changes.vocabulary = 300
    changes.family = family
    change(&changes)
    return try SyntheticModel(.tiny, changes, seed: seed)
}

/// A model in a directory of its own, as `model.gguf` or as the directory.
func written(
    _ model: SyntheticModel, _ format: SyntheticFormat, parts: Int = 1, threads: Int = 2
) async throws -> ScratchDirectory {
    let directory = try ScratchDirectory()
    let path = format.kind.isDirectory ? directory.path : "\(directory.path)/model.gguf"
    try await model.output(format, path: path, parts: parts).write(overwrites: false, threads: threads)
    return directory
}

/// What a safetensors file holds, by name.
struct SafeTensorsContents {
    struct Tensor {
        var type = ""
        var shape: [Int] = []
        var range = 0..<0
        var bytes: [UInt8] = []
    }

    private(set) var tensors: [String: Tensor] = [:]

    init(_ file: [UInt8]) throws {
        let length = file[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        try file[8..<8 + length].withUnsafeBytes { bytes in
            var json = JSONReader(bytes, file: "test.safetensors")
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
