// SPDX-License-Identifier: MIT
import AsyncHTTPClient
import BitNetCore
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Brings one file here: asks as ``FileDownload`` says, writes what comes, and notes which blocks are whole.
final class FileFetch: Sendable {
    /// How one request went.
    private enum Outcome {
        case ended
        case startOver
    }

    private let client: HubClient
    private let reference: HubReference
    private let kept: KeptFile
    private let output: BitNetCore.FileDescriptor
    private let download: Mutex<FileDownload>
    private let onArrival: @Sendable (Int) -> Void

    /// - Parameter onArrival: is given the bytes of each piece that was written.
    init(
        _ file: HubFile, of reference: HubReference, to kept: KeptFile, by client: HubClient,
        onArrival: @escaping @Sendable (Int) -> Void
    ) throws {
        self.client = client
        self.reference = reference
        self.kept = kept
        self.onArrival = onArrival
        let path = kept.partialPath
        let isThere = FileSystem.byteCount(of: path, followsLinks: false) == file.byteCount
        output = try BitNetCore.FileDescriptor(
            path: path, flags: O_RDWR | O_CREAT | O_NOFOLLOW | (isThere ? 0 : O_TRUNC), mode: 0o644)
        guard ftruncate(output.number, off_t(clamping: file.byteCount)) == 0 else {
            throw FileError(path: path, operation: "extend", errno: errno)
        }
        download = Mutex(
            FileDownload(
                file, of: reference.repository, kept: isThere ? kept.record : nil,
                blockByteCount: kept.blockByteCount, delays: client.settings.delays))
    }

    /// Bytes that need not be fetched.
    var presentByteCount: UInt64 { download.withLock { $0.arrivedByteCount } }

    /// Returns when the file is there, is what its digest says, and has its name.
    func run(connections: Int) async throws {
        while !download.withLock({ $0.isComplete }) {
            try await fetch(connections: connections)
            download.withLock { $0.beginAgain() }
        }
        try await onDisk { [self] in try finish() }
    }

    /// Asks for blocks until all are there, or all must be asked for again.
    private func fetch(connections: Int) async throws {
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            var runningCount = 0
            while true {
                while runningCount < connections, let request = download.withLock({ $0.next() }) {
                    group.addTask { try await self.perform(request) }
                    runningCount += 1
                }
                guard runningCount > 0, let outcome = try await group.next() else { return }
                runningCount -= 1
                try await onDisk { [self] in try note() }
                guard case .startOver = outcome else { continue }
                group.cancelAll()
                // What the others write now would be of the file that was.
                while let result = await group.nextResult() { _ = result }
                return
            }
        }
    }

    private func perform(_ request: FileDownload.Request) async throws -> Outcome {
        let directive: FileDownload.Directive
        do {
            let (answer, response, _) = try await client.get(
                reference.resolvePath(download.withLock { $0.file.path }),
                range: request.isWhole ? nil : request.bytes, validator: request.validator)
            directive = download.withLock { $0.answered(request, answer) }
            if case .take = directive {
                try await take(response.body, request)
                download.withLock { $0.ended(request) }
                return .ended
            }
        } catch let error where !(error is any RemediableError || error is CancellationError) {
            try Task.checkCancellation()
            let reason = error.words
            return try await follow(download.withLock { $0.broke(request, because: reason) }, request)
        }
        return try await follow(directive, request)
    }

    private func follow(
        _ directive: FileDownload.Directive, _ request: FileDownload.Request
    ) async throws -> Outcome {
        switch directive {
        case .take: break
        case .startOver: return .startOver
        case .fail(let error): throw error
        case .retry(let delay): try await Task.sleep(for: delay)
        }
        download.withLock { $0.ended(request) }
        return .ended
    }

    /// Writes a body where it belongs, in pieces of a size that a disk likes.
    private func take(_ body: HTTPClientResponse.Body, _ request: FileDownload.Request) async throws {
        var left = Int(clamping: request.bytes.upperBound - request.bytes.lowerBound)
        var gathered = ByteBuffer()
        do {
            for try await var piece in body {
                left -= piece.readableBytes
                guard left >= 0 else { throw FetchFault.tooLong }
                gathered.writeBuffer(&piece)
                if gathered.readableBytes >= Limits.fileReadAtOnceBytesMax {
                    try await write(gathered, request)
                    gathered.clear()
                }
            }
            guard left == 0 else { throw FetchFault.tooShort }
        } catch {
            // What came before a connection broke is used.
            if gathered.readableBytes > 0 { try await write(gathered, request) }
            throw error
        }
        if gathered.readableBytes > 0 { try await write(gathered, request) }
    }

    private func write(_ bytes: ByteBuffer, _ request: FileDownload.Request) async throws {
        let place = download.withLock { $0.place(of: request) }
        try await onDisk { [output] in
            try bytes.withUnsafeReadableBytes { try output.write($0, at: place) }
        }
        _ = download.withLock { $0.took(request, byteCount: UInt64(clamping: bytes.readableBytes)) }
        onArrival(bytes.readableBytes)
    }

    // MARK: On threads that may wait for a disk

    private func onDisk(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await NIOThreadPool.singleton.runIfActive(body)
    }

    /// First the bytes, then what is said of them.
    private func note() throws {
        let record = download.withLock { $0.record }
        try output.synchronise()
        try kept.write(record)
    }

    private func finish() throws {
        let (file, digest) = download.withLock { ($0.file, $0.digest) }
        do {
            try FileCheck.verify(output, file, digest, of: reference.repository)
        } catch let error as HubError {
            // It is not known which block it was.
            kept.removePartial()
            throw error
        }
        try output.synchronise()
        try output.rename(to: kept.path)
        var record = download.withLock { $0.record }
        record.isVerified = true
        try kept.write(record)
        try FileSystem.synchronise(directory: kept.folder)
    }
}

/// An answer's body that is not what its head promised.
private enum FetchFault: Error, CustomStringConvertible {
    case tooLong
    case tooShort

    var description: String {
        switch self {
        case .tooLong: "the server sends more than was asked for"
        case .tooShort: "the server ends before everything was sent"
        }
    }
}
