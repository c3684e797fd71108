// SPDX-License-Identifier: MIT

import BitNetCore
import BitNetFormats
import BitNetSynthesis
import ModelTestSupport
import TestSupport
import Testing

/// Writing files: all of them or none.
@Suite struct ModelOutputTests {
    private struct Failure: Error {}

    private func stream(units: Int, of size: Int = 1 << 16) -> TensorStream {
        TensorStream(unitByteCount: size, unitCount: units, tail: [1, 2, 3]) { range, bytes in
            for (index, unit) in range.enumerated() {
                for place in 0..<size {
                    bytes[index * size + place] = UInt8(truncatingIfNeeded: unit &+ place)
                }
            }
        }
    }

    @Test func `streams stand where they belong, with zeros between`() async throws {
        let directory = try TemporaryFolder()
        let streams = [stream(units: 3, of: 5), TensorStream(bytes: [9]), stream(units: 1, of: 7)]
        let file = FileImage(
            path: "\(directory.path)/a", header: [7, 7], streams: streams, alignment: 32, alignsEnd: true)
        try await ModelOutput(files: [file]).write(overwrites: false, threads: 2)
        var expected: [UInt8] = [7, 7]
        for stream in streams {
            expected += [UInt8](repeating: 0, count: (32 - expected.count % 32) % 32)
            expected += try stream.bytes()
        }
        expected += [UInt8](repeating: 0, count: 32 - expected.count % 32)
        #expect(try directory.bytes(of: "a") == expected)
        #expect(file.byteCount == expected.count)
    }

    /// More than one piece, so that some of the file is there when the failure comes.
    private func failing(
        _ directory: TemporaryFolder, _ body: @escaping @Sendable () throws -> Void
    ) -> ModelOutput {
        let good = FileImage(path: "\(directory.path)/made/good", header: [1], streams: [stream(units: 200)])
        let bad = TensorStream(unitByteCount: 1 << 16, unitCount: 300) { range, _ in
            if range.lowerBound > 0 { try body() }
        }
        let second = FileImage(path: "\(directory.path)/made/bad", header: [1], streams: [bad])
        return ModelOutput(directory: "\(directory.path)/made", files: [good, second])
    }

    @Test func `an error leaves neither a file nor the directory`() async throws {
        let directory = try TemporaryFolder()
        await #expect(throws: Failure.self) {
            try await failing(directory) { throw Failure() }.write(overwrites: false, threads: 2)
        }
        #expect(directory.names.isEmpty)
    }

    @Test func `cancelling leaves neither a file nor the directory`() async throws {
        let directory = try TemporaryFolder()
        let output = failing(directory) { withUnsafeCurrentTask { $0?.cancel() } }
        let work = Task { try await output.write(overwrites: false, threads: 1) }
        await #expect(throws: CancellationError.self) { try await work.value }
        #expect(directory.names.isEmpty)
    }

    @Test func `a file that is there stays unless it may be replaced`() async throws {
        let directory = try TemporaryFolder()
        try directory.write("kept", to: "a")
        let output = ModelOutput(files: [
            FileImage(path: "\(directory.path)/b", header: [1]),
            FileImage(path: "\(directory.path)/a", header: [2]),
        ])
        let error = await #expect(throws: ModelWriteError.self) {
            try await output.write(overwrites: false, threads: 1)
        }
        #expect(error?.message.contains("\(directory.path)/a is there already") == true)
        #expect(directory.names == ["a"])
        #expect(try directory.bytes(of: "a") == Array("kept".utf8))
        try await output.write(overwrites: true, threads: 1)
        #expect(directory.names == ["a", "b"])
        #expect(try directory.bytes(of: "a") == [2])
    }

    @Test func `a failure while replacing leaves the old file`() async throws {
        let directory = try TemporaryFolder()
        try directory.write("kept", to: "a")
        let bad = TensorStream(unitByteCount: 1, unitCount: 1) { _, _ in throw Failure() }
        let output = ModelOutput(files: [FileImage(path: "\(directory.path)/a", header: [1], streams: [bad])])
        await #expect(throws: Failure.self) { try await output.write(overwrites: true, threads: 2) }
        #expect(directory.names == ["a"])
        #expect(try directory.bytes(of: "a") == Array("kept".utf8))
    }

    @Test func `what a killed program left behind is in nobody's way`() async throws {
        let directory = try TemporaryFolder()
        try directory.write("half of it", to: "a.partial")
        let output = ModelOutput(files: [FileImage(path: "\(directory.path)/a", header: [5])])
        try await output.write(overwrites: false, threads: 1)
        #expect(directory.names == ["a"])
        #expect(try directory.bytes(of: "a") == [5])
    }

    @Test func `a model larger than the disk is refused before anything is written`() async throws {
        let directory = try TemporaryFolder()
        let huge = TensorStream(unitByteCount: 1 << 30, unitCount: 1 << 30) { _, _ in throw Failure() }
        let output = ModelOutput(files: [FileImage(path: "\(directory.path)/a", header: [1], streams: [huge])]
        )
        let error = await #expect(throws: ModelWriteError.self) {
            try await output.write(overwrites: false, threads: 1)
        }
        #expect(error?.message.contains("bytes free and this model takes \((1 << 60) + 1)") == true)
        #expect(directory.names.isEmpty)
    }

    @Test func `a place that is not there is named`() async throws {
        let output = ModelOutput(files: [FileImage(path: "/absent/a", header: [1])])
        let error = await #expect(throws: ModelWriteError.self) {
            try await output.write(overwrites: false, threads: 1)
        }
        #expect(error?.message.contains("/absent") == true)
    }
}
