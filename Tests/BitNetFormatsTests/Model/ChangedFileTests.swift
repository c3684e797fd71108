// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import Glibc
import TestSupport
import Testing

/// Model files that are changed while they are in use.
struct ChangedFileTests {
    private let folder: TemporaryFolder
    private let path: String
    private let whole: [UInt8]

    init() throws {
        folder = try TemporaryFolder()
        whole = try MappedFile(path: Repository.path(of: "cluster/model/stories.gguf")).withBytes {
            [UInt8]($0)
        }
        path = try folder.write(whole, to: "model.gguf")
    }

    /// Writes over the file, at a later time and without a new inode.
    private func overwrite(_ bytes: [UInt8]) throws {
        try folder.write(bytes, to: "model.gguf")
        utimensat(AT_FDCWD, path, [timespec(tv_sec: 9, tv_nsec: 0), timespec(tv_sec: 9, tv_nsec: 0)], 0)
    }

    @Test func `a model that was cut short is an error that names it`() throws {
        let model = try ModelFile(path: path)
        truncate(path, off_t(whole.count / 2))
        #expect(throws: FileError(changed: path)) { try model.pack(.layer(8)) }
        #expect(throws: FileError(changed: path)) { try PackedModel(file: model) }
    }

    @Test func `a model that was overwritten by one of the same size is an error that names it`() throws {
        let model = try ModelFile(path: path)
        try overwrite(whole.reversed())
        #expect(throws: FileError(changed: path)) { try model.pack(.layer(0)) }
        #expect(throws: FileError(changed: path)) { try model.checkUnchanged() }
    }

    @Test func `another header is noticed, though time and size are as they were`() throws {
        var status = stat()
        stat(path, &status)
        let model = try ModelFile(path: path)
        var other = whole
        other[200] ^= 1
        try folder.write(other, to: "model.gguf")
        utimensat(AT_FDCWD, path, [status.st_atim, status.st_mtim], 0)
        #expect(throws: FileError(changed: path)) { try model.checkUnchanged() }
    }

    @Test func `a model that was replaced by a rename goes on as it was`() throws {
        let model = try ModelFile(path: path)
        let before = try model.pack(.layer(3)).reference
        try folder.write(whole.reversed(), to: "next")
        rename(folder.path(of: "next"), path)
        try model.checkUnchanged()
        #expect(try model.pack(.layer(3)).reference == before)
    }
}
