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

/// SplitMix64, and edits with a liking for what breaks readers: extreme counts, cuts, repetitions.
struct Mutator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// `bytes` with one to four edits.
    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) {
            let place = Int.random(in: 0...bytes.count, using: &self)
            let rest = bytes.count - place
            switch Int.random(in: 0..<10, using: &self) {
            case 0...2 where rest > 0: bytes[place] = .random(in: 0...255, using: &self)
            case 3 where rest > 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 4 where rest > 0: bytes[place] = [0, 0x7F, 0x80, 0xFF].randomElement(using: &self) ?? 0
            case 5 where rest > 8:
                let fill: UInt8 = Bool.random(using: &self) ? 0xFF : 0
                bytes.replaceSubrange(place..<place + 8, with: [UInt8](repeating: fill, count: 8))
            case 6 where rest > 0:
                bytes.removeSubrange(place..<place + Int.random(in: 1...min(rest, 32), using: &self))
            case 7 where rest > 0:
                let copied = bytes[place..<place + Int.random(in: 1...min(rest, 64), using: &self)]
                bytes.insert(contentsOf: copied, at: place)
            case 8: bytes.removeLast(rest)
            default: bytes.insert(.random(in: 0...255, using: &self), at: place)
            }
        }
        return bytes
    }
}
