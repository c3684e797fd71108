// SPDX-License-Identifier: MIT
import FuzzTargets
import Glibc
import TestSupport
import Testing

#if canImport(Glibc)
#endif

struct Input {
    let name: String
    let bytes: [UInt8]
}

/// The committed inputs of a target, in order of their names.
func inputs(of target: FuzzTarget, from file: String = #filePath) throws -> [Input] {
    let root = "/" + file.split(separator: "/").dropLast(2).joined(separator: "/")
    return try ["corpus", "found"].flatMap { folder in
        let folder = "\(root)/Checks/Fuzzing/\(folder)/\(target.rawValue)"
        return try names(in: folder).map { Input(name: $0, bytes: try bytes(of: "\(folder)/\($0)")) }
    }
}

/// Nothing has been found for a target that has no folder.
private func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
            String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
}

private func bytes(of path: String) throws -> [UInt8] {
    let file = try #require(fopen(path, "rb"))
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return bytes
}
