// SPDX-License-Identifier: MIT

import BitNetCore
internal import Glibc
internal import Synchronization

/// The files of a model, written together: all of them are there afterwards, or none.
package struct ModelOutput: Sendable {
    /// Made if it is not there.
    package let directory: String?
    package let files: [FileImage]

    package init(directory: String? = nil, files: [FileImage]) {
        self.directory = directory
        self.files = files
    }

    package var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

    /// Writes everything; each of `threads` tasks holds one piece of at most ``pieceBytes`` or one unit.
    ///
    /// - Parameter progress: called with the bytes written so far, from any thread.
    /// - Throws: ``ModelWriteError``, ``FileError`` or `CancellationError`; no file is left then.
    package func write(
        overwrites: Bool, threads: Int, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws {
        try check(overwrites: overwrites)
        let madeDirectory = try makeDirectory()
        var finished: [String] = []
        do {
            // Closed and taken away when this scope ends without all of them finished.
            let outputs = try files.map { try OutputFile(path: $0.path, byteCount: $0.byteCount) }
            defer { for output in outputs { output.discard() } }
            for (file, output) in zip(files, outputs) {
                try file.header.withUnsafeBytes { try output.write($0, at: 0) }
            }
            let queue = PieceQueue(files: files, progress: progress)
            try await withThrowingTaskGroup { group in
                for _ in 0..<max(threads, 1) {
                    group.addTask { try await queue.work(outputs) }
                }
                try await group.waitForAll()
            }
            try Task.checkCancellation()
            for output in outputs {
                try output.finish(overwrites: overwrites)
                finished.append(output.path)
            }
        } catch {
            for path in finished { unlink(path) }
            if madeDirectory, let directory { rmdir(directory) }
            throw error
        }
    }

    private func check(overwrites: Bool) throws(ModelWriteError) {
        if !overwrites, let file = files.first(where: { access($0.path, F_OK) == 0 }) {
            throw ModelWriteError(
                "\(file.path) is there already; give another name, or --force to replace it")
        }
        let parent = Self.parent(of: directory ?? files[0].path)
        let place = directory.flatMap { FileSystem.isDirectory($0) ? $0 : nil } ?? parent
        guard FileSystem.isDirectory(place) else {
            throw ModelWriteError("\(place) is no directory; make it, or choose another place")
        }
        let free = FileSystem.freeByteCount(at: place)
        guard UInt64(clamping: byteCount) <= free else {
            throw ModelWriteError(
                "\(place) has \(free) bytes free and this model takes \(byteCount); "
                    + "make room, or choose another place or a smaller type")
        }
    }

    private func makeDirectory() throws(FileError) -> Bool {
        guard let directory else { return false }
        if mkdir(directory, 0o755) == 0 { return true }
        guard errno == EEXIST else { throw FileError(path: directory, operation: "create", errno: errno) }
        return false
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// A model that cannot be written as asked.
package struct ModelWriteError: RemediableError, Equatable {
    package let message: String

    package init(_ message: String) { self.message = message }
}

/// The pieces of all streams; several tasks take them one by one.
private final class PieceQueue: Sendable {
    private struct Piece {
        var file: Int
        var stream: Int
        var units: Range<Int>
    }

    private let files: [FileImage]
    private let pieces: [Piece]
    private let next = Mutex(0)
    private let written = Mutex(0)
    private let progress: @Sendable (Int) -> Void

    init(files: [FileImage], progress: @escaping @Sendable (Int) -> Void) {
        self.files = files
        self.progress = progress
        var pieces: [Piece] = []
        for (file, image) in files.enumerated() {
            for (index, placed) in image.streams.enumerated() {
                let step = max(Limits.writtenPieceBytes / placed.stream.unitByteCount, 1)
                // At least one, which carries the tail.
                for start in stride(from: 0, to: max(placed.stream.unitCount, 1), by: step) {
                    let units = start..<min(start + step, placed.stream.unitCount)
                    pieces.append(Piece(file: file, stream: index, units: units))
                }
            }
        }
        self.pieces = pieces
    }

    /// Makes and writes pieces until none is left.
    func work(_ outputs: [OutputFile]) async throws {
        var buffer = AlignedBuffer(byteCount: Limits.writtenPieceBytes)
        while let piece = take() {
            try Task.checkCancellation()
            let (start, stream) = files[piece.file].streams[piece.stream]
            let size = piece.units.count * stream.unitByteCount
            if size > buffer.bytes.count { buffer = AlignedBuffer(byteCount: size) }
            let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<size])
            try stream.fill(piece.units, bytes)
            let offset = start + piece.units.lowerBound * stream.unitByteCount
            let output = outputs[piece.file]
            try output.write(UnsafeRawBufferPointer(bytes), at: offset)
            if piece.units.upperBound == stream.unitCount {
                try stream.tail.withUnsafeBytes { try output.write($0, at: offset + size) }
            }
            progress(
                written.withLock {
                    $0 += size
                    return $0
                })
            // Whoever waits for a signal must get a turn on a machine of one processor.
            await Task.yield()
        }
    }

    private func take() -> Piece? {
        next.withLock { next in
            guard next < pieces.count else { return nil }
            defer { next += 1 }
            return pieces[next]
        }
    }
}
