// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import FoundationEssentials
import Glibc
import Testing

/// A store in a directory of its own that is gone afterwards.
private func withStore(_ body: (PartStore, String) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appending(
        path: "part-store-\(UInt64.random(in: 0 ... .max))")
    defer { try? FileManager.default.removeItem(at: directory) }
    try body(PartStore(directory: directory.path), directory.path)
}

private func part(_ bytes: [UInt8]) -> PartReference {
    PartReference(
        kind: .layer(0), digest: bytes.withUnsafeBytes { ContentDigest.of($0) },
        byteCount: UInt64(bytes.count))
}

extension PartStore {
    fileprivate func take(_ part: PartReference, _ bytes: [UInt8], from offset: Int = 0) throws -> Bool {
        let file = try openPartial(part, from: UInt64(offset))
        try bytes[offset...].withUnsafeBytes { try file.write($0, at: UInt64(offset)) }
        return try commit(part, from: file)
    }
}

@Suite struct PartStoreTests {
    private let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 3) }

    @Test func `a part that arrived whole is complete, and reads back`() throws {
        try withStore { store, _ in
            let part = part(bytes)
            #expect(store.presentByteCount(of: part) == (0, false))
            try #require(try store.take(part, bytes))
            #expect(store.presentByteCount(of: part) == (10_000, true))
            let read = try store.map(part.digest).withBytes { [UInt8]($0) }
            #expect(read == bytes)
        }
    }

    @Test func `what arrived of a part is kept for the next transfer`() throws {
        try withStore { store, _ in
            let part = part(bytes)
            let file = try store.openPartial(part, from: 0)
            try bytes[..<6_000].withUnsafeBytes { try file.write($0, at: 0) }
            #expect(store.presentByteCount(of: part) == (6_000, false))
            try #require(try store.take(part, bytes, from: 6_000))
        }
    }

    @Test func `a part that arrived whole but was not verified yet is not sent again`() throws {
        try withStore { store, _ in
            let part = part(bytes)
            let file = try store.openPartial(part, from: 0)
            try bytes.withUnsafeBytes { try file.write($0, at: 0) }
            #expect(store.presentByteCount(of: part) == (10_000, true))
        }
    }

    @Test func `bytes with another digest are refused and dropped`() throws {
        try withStore { store, _ in
            let part = part(bytes)
            var wrong = bytes
            wrong[77] ^= 1
            try #require(try !store.take(part, wrong))
            #expect(store.presentByteCount(of: part) == (0, false))
        }
    }

    @Test(arguments: ["altered", "cut short", "longer"])
    func `a part that changed on disk is not complete any more`(_ change: String) throws {
        try withStore { store, path in
            let part = part(bytes)
            try #require(try store.take(part, bytes))
            let name = "\(path)/parts/\(part.digest.hex)"
            let file = try FileDescriptor(path: name, flags: O_RDWR)
            switch change {
            case "altered": try [bytes[5] ^ 128].withUnsafeBytes { try file.write($0, at: 5) }
            case "cut short": #expect(ftruncate(file.number, 9_999) == 0)
            default: #expect(ftruncate(file.number, 10_001) == 0)
            }
            #expect(store.presentByteCount(of: part) == (0, false))
            try #require(try store.take(part, bytes))
        }
    }

    @Test func `a partial file longer than its part counts for nothing`() throws {
        try withStore { store, _ in
            let part = part(bytes)
            let file = try store.openPartial(part, from: 0)
            try (bytes + bytes).withUnsafeBytes { try file.write($0, at: 0) }
            #expect(store.presentByteCount(of: part) == (0, false))
        }
    }

    @Test func `two workers cannot share a directory`() throws {
        try withStore { store, path in
            #expect(throws: FileError.self) { try PartStore(directory: path) }
            withExtendedLifetime(store) {}
        }
    }
}
