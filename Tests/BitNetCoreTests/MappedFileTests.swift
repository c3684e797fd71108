// SPDX-License-Identifier: MIT
import BitNetCore
import Glibc
import TestSupport
import Testing

/// Files that change while somebody reads them.
struct MappedFileTests {
    private let folder: TemporaryFolder
    private let path: String
    private static let byteCount = 3 << 20

    init() throws {
        folder = try TemporaryFolder()
        path = try folder.write([UInt8](repeating: 7, count: Self.byteCount), to: "large")
    }

    private func sum(_ bytes: UnsafeRawBufferPointer) -> Int { bytes.reduce(0) { $0 + Int($1) } }

    @Test func `a pipe is no file, and what is below a file is not there`() throws {
        let pipe = folder.path(of: "pipe")
        mkfifo(pipe, 0o600)
        let noFile = try #require(throws: FileError.self) { try MappedFile(path: pipe) }
        #expect(noFile.message.contains("it is a pipe, a socket or a device"))
        let below = try #require(throws: FileError.self) { try MappedFile(path: path + "/below") }
        #expect(below.isMissing)
        #expect(!noFile.isMissing)
    }

    @Test func `where nothing can be written is known beforehand`() throws {
        #expect(FileSystem.writeFailure(in: folder.path) == nil)
        #expect(FileSystem.writeFailure(in: path)?.message.contains(path) == true)
        #expect(FileSystem.writeFailure(in: folder.path(of: "none")) != nil)
    }

    @Test func `what was cut off reads as zero, and is told with the file's name`() throws {
        let file = try MappedFile(path: path)
        try file.checkUnchanged()
        truncate(path, 4096)
        #expect(file.withBytes(sum) == 7 * 4096)
        let error = try #require(throws: FileError.self) { try file.checkWhole() }
        #expect(error.isChanged && error.path == path && error.message.contains(path))
        #expect(throws: FileError(changed: path)) { try file.checkUnchanged() }
    }

    @Test func `an error of whoever reads bytes that are gone is that they are gone`() throws {
        struct Other: Error {}
        let file = try MappedFile(path: path)
        truncate(path, 0)
        #expect(throws: FileError(changed: path)) {
            try file.withWholeBytes { if sum($0) == 0 { throw Other() } }
        }
        let whole = try MappedFile(
            path: folder.write([UInt8](repeating: 1, count: Self.byteCount), to: "whole"))
        #expect(throws: Other.self) { try whole.withWholeBytes { _ in throw Other() } }
    }

    @Test func `a file that was cut leaves another one as it is`() throws {
        let other = try folder.write([UInt8](repeating: 9, count: Self.byteCount), to: "other")
        let files = (try MappedFile(path: path), try MappedFile(path: other))
        truncate(path, 0)
        #expect(files.0.withBytes(sum) == 0)
        #expect(files.1.withBytes(sum) == 9 * Self.byteCount)
        try files.1.checkUnchanged()
    }

    @Test func `a file that was overwritten in place is changed, one that was replaced is not`() throws {
        let file = try MappedFile(path: path)
        try folder.write([UInt8](repeating: 8, count: Self.byteCount), to: "next")
        rename(folder.path(of: "next"), path)
        try file.checkUnchanged()
        #expect(file.withBytes(sum) == 7 * Self.byteCount)

        let next = try MappedFile(path: path)
        // The clock of a file system may have ticks.
        let times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
        utimensat(AT_FDCWD, path, times, 0)
        #expect(throws: FileError(changed: path)) { try next.checkUnchanged() }
        try next.checkWhole()
    }

    @Test func `a small file is kept as it was read, and so is a large one that shall be`() throws {
        let small = try folder.write([UInt8](repeating: 3, count: 1 << 20), to: "small")
        let files = (try MappedFile(path: small), try MappedFile(path: path, isKept: true))
        truncate(small, 0)
        truncate(path, 0)
        #expect(files.0.withBytes(sum) == 3 << 20)
        #expect(files.1.withBytes(sum) == 7 * Self.byteCount)
        try files.0.checkUnchanged()
        try files.1.checkUnchanged()
    }

    @Test func `a symbolic link is followed where it may be`() throws {
        let link = folder.path(of: "link")
        symlink(path, link)
        #expect(try MappedFile(path: link).byteCount == Self.byteCount)
        let error = try #require(throws: FileError.self) { try MappedFile(path: link, followsLinks: false) }
        #expect(error.errno == ELOOP)
    }
}
