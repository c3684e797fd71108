// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import Glibc
import ModelTestSupport
import TestSupport
import Testing

/// Bytes and the file that they are.
private struct Content {
    let bytes: [UInt8]

    init(_ count: Int = 10_000, seed: Int = 31) {
        bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* seed &+ $0 >> 3) }
    }

    var file: PartFile { PartFile(digest: ContentDigest.of(bytes), byteCount: UInt64(bytes.count)) }
}

extension PartStore {
    fileprivate func take(
        _ file: PartFile, _ bytes: [UInt8], keeping kept: Set<ContentDigest> = []
    ) throws -> Bool {
        let part = try #require(try receive(file, keeping: kept))
        try bytes[Int(part.byteCount)...].withUnsafeBytes { try part.append($0) }
        return try part.commit()
    }

    /// Leaves the first `count` bytes of a part, as a transfer that was broken off does.
    fileprivate func begin(_ content: Content, _ count: Int) throws {
        let part = try #require(try receive(content.file, keeping: []))
        try content.bytes[..<count].withUnsafeBytes { try part.append($0) }
        part.close()
    }
}

/// When files were used last, in the order of `names`: seconds after another, long ago.
private func age(_ paths: [String]) {
    for (index, path) in paths.enumerated() {
        let time = timespec(tv_sec: 1_000_000 + index, tv_nsec: 0)
        utimensat(AT_FDCWD, path, [time, time], 0)
    }
}

@Suite struct PartStoreTests {
    private let content = Content()
    private let directory: TemporaryFolder

    init() throws {
        directory = try TemporaryFolder()
    }

    private func store(quota: UInt64? = nil) throws -> PartStore {
        try PartStore(directory: directory.path, quota: quota)
    }

    private var names: Set<String> {
        Set(FileSystem.entries(of: directory.path + "/parts"))
    }

    @Test func `a part that arrived whole is complete, and reads back`() throws {
        let store = try store()
        #expect(store.presence(of: content.file) == (0, false))
        try #require(try store.take(content.file, content.bytes))
        #expect(store.presence(of: content.file) == (10_000, true))
        let read = try store.map(content.file.digest).withBytes { [UInt8]($0) }
        #expect(read == content.bytes)
        #expect(try store.receive(content.file, keeping: []) == nil)
    }

    @Test func `a part that has not arrived whole is never seen under its name`() throws {
        let store = try store()
        let part = try #require(try store.receive(content.file, keeping: []))
        try content.bytes[..<9_999].withUnsafeBytes { try part.append($0) }
        #expect(names.isEmpty)
        try #require(try !part.commit())
        #expect(names.isEmpty)
        #expect(store.presence(of: content.file) == (0, false))
    }

    @Test func `what arrived of a part is kept for the next transfer`() throws {
        let store = try store()
        try store.begin(content, 6_000)
        #expect(store.presence(of: content.file) == (6_000, false))
        #expect(try #require(try store.receive(content.file, keeping: [])).byteCount == 6_000)
        #expect(throws: StoreError.self) { try store.receive(content.file, keeping: []) }
    }

    @Test func `a part that goes on is hashed with what was there`() throws {
        let store = try store()
        try store.begin(content, 6_000)
        try #require(try store.take(content.file, content.bytes))
        let damaged = Content(seed: 7)
        try store.begin(damaged, 6_000)
        try FileDescriptor(path: store.partialPath(of: damaged.file.digest), flags: O_RDWR).write([1, 2, 3])
        try #require(try !store.take(damaged.file, damaged.bytes))
        #expect(names == [content.file.digest.hex])
    }

    @Test func `a part that arrived whole but was not verified yet is not sent again`() throws {
        let store = try store()
        try store.begin(content, 10_000)
        #expect(try store.receive(content.file, keeping: []) == nil)
        #expect(store.presence(of: content.file) == (10_000, true))
    }

    @Test func `bytes with another digest are refused and dropped`() throws {
        let store = try store()
        var wrong = content.bytes
        wrong[77] ^= 1
        try #require(try !store.take(content.file, wrong))
        #expect(store.presence(of: content.file) == (0, false))
        try #require(try store.take(content.file, content.bytes))
    }

    @Test(arguments: ["altered", "cut short", "longer"])
    func `a part that changed on disk is not complete any more`(_ change: String) throws {
        let store = try store()
        try #require(try store.take(content.file, content.bytes))
        let file = try FileDescriptor(path: store.path(of: content.file.digest), flags: O_RDWR)
        switch change {
        case "altered": try [content.bytes[5] ^ 128].withUnsafeBytes { try file.write($0, at: 5) }
        case "cut short": #expect(ftruncate(file.number, 9_999) == 0)
        default: #expect(ftruncate(file.number, 10_001) == 0)
        }
        #expect(store.presence(of: content.file) == (0, false))
        try #require(try store.take(content.file, content.bytes))
    }

    @Test func `a partial file longer than its part counts for nothing`() throws {
        let store = try store()
        let file = try FileDescriptor(
            path: store.partialPath(of: content.file.digest), flags: O_RDWR | O_CREAT)
        try file.write(content.bytes + content.bytes)
        #expect(store.presence(of: content.file) == (0, false))
        try #require(try store.take(content.file, content.bytes))
    }

    @Test func `two workers cannot share a directory`() throws {
        let store = try store()
        #expect(throws: FileError.self) { try self.store() }
        withExtendedLifetime(store) {}
    }

    // MARK: Room

    @Test func `partial files go first, then what was not used for longest, but not what is in use`() throws {
        let store = try store(quota: 40_000)
        let contents = (1...4).map { Content(seed: $0) }
        for content in contents.prefix(3) { try #require(try store.take(content.file, content.bytes)) }
        try store.begin(contents[3], 5_000)
        age(contents.prefix(3).map { store.path(of: $0.file.digest) })

        // 35 000 bytes are there: the partial file makes room.
        let fifth = Content(seed: 50)
        try #require(try store.take(fifth.file, fifth.bytes))
        #expect(names.count == 4)
        #expect(store.presence(of: contents[3].file) == (0, false))

        // The oldest part is in use, so the second oldest goes.
        let sixth = Content(seed: 60)
        try #require(try store.take(sixth.file, sixth.bytes, keeping: [contents[0].file.digest]))
        #expect(names == Set([contents[0], contents[2], fifth, sixth].map(\.file.digest.hex)))
    }

    @Test
    func `a part that fits the quota to the byte is taken, one byte more is refused and removes nothing`()
        throws
    {
        let store = try store(quota: 20_000)
        let kept = Content(seed: 2)
        try #require(try store.take(kept.file, kept.bytes))
        let large = Content(10_001, seed: 3)
        let error = #expect(throws: StoreError.self) {
            try store.receive(large.file, keeping: [kept.file.digest])
        }
        #expect(error?.message.contains("1 bytes short") == true)
        #expect(error?.message.contains(directory.path) == true)
        #expect(names == [kept.file.digest.hex])
        try #require(try store.take(content.file, content.bytes, keeping: [kept.file.digest]))
        #expect(names.count == 2)
    }

    @Test func `parts that are arriving take their room before they are there`() throws {
        let store = try store(quota: 25_000)
        let first = try #require(try store.receive(content.file, keeping: []))
        let second = try #require(try store.receive(Content(seed: 2).file, keeping: []))
        #expect(throws: StoreError.self) { try store.receive(Content(seed: 3).file, keeping: []) }
        second.close()
        #expect(try store.receive(Content(seed: 3).file, keeping: []) != nil)
        first.close()
    }

    @Test func `a shard is refused with the bytes that are short`() throws {
        let store = try store(quota: 30_000)
        let other = Content(seed: 2)
        try #require(try store.take(content.file, content.bytes))
        try #require(try store.take(other.file, other.bytes))
        try store.checkRoom(for: 20_000, keeping: [content.file.digest])
        let error = #expect(throws: StoreError.self) {
            try store.checkRoom(for: 20_001, keeping: [content.file.digest])
        }
        #expect(error?.message.contains("1 bytes short") == true)
        #expect(names.count == 2)
    }

    @Test func `a part larger than the disk is refused before a byte is written`() throws {
        let store = try store()
        let huge = PartFile(digest: content.file.digest, byteCount: store.freeByteCount + (1 << 40))
        let error = #expect(throws: StoreError.self) { try store.receive(huge, keeping: []) }
        #expect(error?.message.contains("disk of \(directory.path) is full") == true)
        #expect(store.presence(of: content.file) == (0, false))
    }

    @Test func `a disk that fills up while a part arrives is told from one that is broken`() async throws {
        // In a process of its own, for its limit on files stands for the end of the disk.
        await #expect(processExitsWith: .success) {
            let scratch = try TemporaryFolder()
            let store = try PartStore(directory: scratch.path)
            let large = Content(3 << 20)
            let part = try #require(try store.receive(large.file, keeping: []))
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            limit.rlim_cur = 2 << 20
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let error = #expect(throws: StoreError.self) {
                try large.bytes.withUnsafeBytes { try part.append($0) }
            }
            limit.rlim_cur = limit.rlim_max
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            #expect(error?.message.contains("is full") == true)
            #expect(error?.message.contains(scratch.path) == true)
            part.close()
            // What arrived before stays valid, and nothing stands under its name.
            #expect(store.presence(of: large.file) == (2 << 20, false))
            #expect(FileSystem.entries(of: scratch.path + "/parts").isEmpty)
            try #require(try store.take(large.file, large.bytes))
        }
    }

    @Test(arguments: ["parts", "partial", "models"])
    func `a store whose folder is a link to another one is refused`(folder: String) throws {
        let other = try TemporaryFolder()
        symlink(other.path, directory.path(of: folder))
        let error = try #require(throws: FileError.self) { try store() }
        #expect(error.path == directory.path(of: folder))
    }

    @Test func `nobody else may enter the folders of a store`() throws {
        _ = try store()
        chmod(directory.path(of: "parts"), 0o777)
        _ = try store()
        var status = stat()
        stat(directory.path(of: "parts"), &status)
        #expect(status.st_mode & 0o777 == 0o700)
    }

    @Test func `links that stand where parts arrive and are kept are not followed`() throws {
        let victim = try TemporaryFolder()
        let file = try victim.write(content.bytes, to: "file")
        let store = try store()
        symlink(file, directory.path(of: "parts/\(content.file.digest.hex)"))
        symlink(file, directory.path(of: "partial/\(content.file.digest.hex)"))
        #expect(!store.presence(of: content.file).isComplete)
        let other = Content(seed: 77)
        symlink(file, directory.path(of: "partial/\(other.file.digest.hex)"))
        #expect(try store.take(other.file, other.bytes))
        #expect(try MappedFile(path: file).withBytes { Array($0) } == content.bytes)
        #expect(try store.take(content.file, content.bytes))
    }

    @Test func `a lock that is a link is not made elsewhere`() throws {
        let victim = try TemporaryFolder()
        symlink(victim.path(of: "made"), directory.path(of: "lock"))
        #expect(throws: FileError.self) { try store() }
        #expect(victim.names.isEmpty)
    }

    @Test func `a file whose time no clock has is one like others`() throws {
        _ = try store()
        let path = directory.path(of: "parts/\(content.file.digest.hex)")
        try directory.write(content.bytes, to: "parts/\(content.file.digest.hex)")
        let times = [
            timespec(tv_sec: 15_000_000_000, tv_nsec: 0), timespec(tv_sec: 15_000_000_000, tv_nsec: 0),
        ]
        utimensat(AT_FDCWD, path, times, 0)
        #expect(FileSystem.usage(of: path)?.byteCount == UInt64(content.bytes.count))
    }
}
