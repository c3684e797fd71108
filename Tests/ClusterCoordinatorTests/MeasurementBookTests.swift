// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import ClusterPlanning
import Foundation
import Testing

@Suite struct MeasurementBookTests {
    private static let shape = ProfiledShape(
        hiddenSize: 2560, querySize: 2560, keyValueSize: 640, feedForwardSize: 6912, vocabularySize: 128_256)

    private static func worker(
        _ name: String, hidden: Int = 2560, layer: Double = 0.00125, kernel: String = "avx512, auto"
    ) throws -> MeasurementBook.Worker {
        var shape = shape
        shape.hiddenSize = hidden
        let curve = try StepCostCurve([.init(count: 1, seconds: layer), .init(count: 64, seconds: 0.1)])
        let profile = try WorkerProfile(
            layerSeconds: curve, prefillLayerSeconds: curve, headSeconds: curve, stepSeconds: 1.5e-5,
            readBytesPerSecond: 3.4e10, attentionSecondsPerToken: 2e-8)
        return MeasurementBook.Worker(
            cluster: "demo", worker: name, shape: shape, kernel: kernel, profile: profile,
            memoryByteCount: 1 << 34, measuredAt: 1_764_000_000)
    }

    private static func run(_ concurrency: Int, rate: Double = 12.5) throws -> MeasurementBook.Run {
        let layers = try #require(LayerRange(first: 0, end: 30))
        return MeasurementBook.Run(
            cluster: "demo", shape: shape, concurrency: concurrency,
            stages: [.init(worker: "a", layers: layers, stepSeconds: 0.02, busyShare: 0.75)],
            tokensPerSecond: rate, measuredAt: 5)
    }

    private static func book() throws -> MeasurementBook {
        var book = MeasurementBook()
        book.record(workers: [try worker("a")])
        book.record(workers: [try worker("b")])
        let link = try LinkProfile(latencySeconds: 1e-4, bytesPerSecond: 1.1e8)
        book.record(links: [.init(cluster: "demo", from: .worker("a"), to: .worker("b"), profile: link)])
        book.record(links: [.init(cluster: "demo", from: .coordinator, to: .worker("a"), profile: link)])
        try book.record(run: run(4))
        return book
    }

    private func withDirectory(_ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "book-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try body(directory.path)
    }

    @Test func `what is written is read again`() throws {
        try withDirectory { directory in
            #expect(try MeasurementBook.load(directory: directory) == MeasurementBook())
            let book = try Self.book()
            try book.save(directory: directory + "/below")
            #expect(try MeasurementBook.load(directory: directory + "/below") == book)
            // Nor can there be one below a file.
            let file = directory + "/below/" + MeasurementBook.fileName
            #expect(try MeasurementBook.load(directory: file) == MeasurementBook())
            // A second time over the first.
            var more = book
            try more.record(run: Self.run(8))
            try more.save(directory: directory + "/below")
            #expect(try MeasurementBook.load(directory: directory + "/below") == more)
        }
    }

    @Test func `the scales of a model are kept apart, and a book of before has none`() throws {
        var grouped = Self.shape
        grouped.matrixEncoding = .t5Group128Half
        grouped.activationGroup = 128
        grouped.ternaryHead = .t5
        var worker = try Self.worker("a", layer: 0.5)
        worker.shape = grouped
        var book = try Self.book()
        book.record(workers: [worker])
        #expect(book.workers.map(\.worker) == ["a", "b", "a"])
        try withDirectory { directory in
            try book.save(directory: directory)
            #expect(try MeasurementBook.load(directory: directory) == book)
            let text = try String(
                contentsOfFile: directory + "/" + MeasurementBook.fileName, encoding: .utf8)
            // Only what has groups says so: a book of other models is what it was.
            #expect(text.ranges(of: "\"matrices\":10,\"activation_group\":128,\"ternary_head\":0").count == 1)
            #expect(text.ranges(of: "\"matrices\"").count == 1)
        }
    }

    @Test(arguments: [
        ("\"matrices\":1,", "matrices is 1, which is no encoding of trits"),
        ("\"matrices\":256,", "matrices is 256.0"), ("\"ternary_head\":15,", "ternary_head is 15"),
        ("\"activation_group\":257,", "activation_group is 257.0"),
    ])
    func `an encoding that nothing has is refused`(member: String, reason: String) throws {
        let text = try Self.text().replacing("\"hidden\"", with: member + "\"hidden\"", maxReplacements: 1)
        try withDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try text.write(
                toFile: directory + "/" + MeasurementBook.fileName, atomically: true, encoding: .utf8)
            let error = try #require(throws: MeasurementBookError.self) {
                try MeasurementBook.load(directory: directory)
            }
            #expect(error.message.contains(reason), "\(error.message)")
        }
    }

    @Test func `a new measurement takes the place of the old one`() throws {
        var book = try Self.book()
        book.record(workers: [try Self.worker("a", layer: 0.002)])
        #expect(book.workers.map(\.worker) == ["b", "a"])
        book.record(workers: [try Self.worker("a", kernel: "scalar")])
        #expect(book.workers.count == 3)
        try book.record(run: Self.run(4, rate: 20))
        #expect(book.runs.map(\.tokensPerSecond) == [20])
        let link = try LinkProfile(latencySeconds: 0, bytesPerSecond: 1e9)
        book.record(links: [.init(cluster: "demo", from: .worker("a"), to: .worker("b"), profile: link)])
        #expect(book.links.count == 2)
        #expect(book.links(cluster: "demo")[.worker("a"), .worker("b")] == link)
        #expect(book.links(cluster: "other").isAssumed)
    }

    @Test func `a worker is known by the same shape, else by the newest`() throws {
        var book = try Self.book()
        book.record(workers: [try Self.worker("a", hidden: 4096)])
        #expect(book.worker("a", cluster: "demo", shape: Self.shape)?.shape == Self.shape)
        var other = Self.shape
        other.hiddenSize = 8192
        #expect(book.worker("a", cluster: "demo", shape: other)?.shape.hiddenSize == 4096)
        #expect(book.worker("a", cluster: "other", shape: Self.shape) == nil)
        #expect(book.worker("a", cluster: "demo", shape: Self.shape, kernel: "scalar") == nil)
    }

    @Test func `the oldest go when there are too many`() throws {
        var book = MeasurementBook()
        for index in 0...Limits.bookRunsMax { try book.record(run: Self.run(index + 1)) }
        #expect(book.runs.count == Limits.bookRunsMax && book.runs.first?.concurrency == 2)
        let link = try LinkProfile(latencySeconds: 0, bytesPerSecond: 1e9)
        book.record(
            links: (0...Limits.bookLinksMax).map {
                .init(cluster: "demo", from: .coordinator, to: .worker("\($0)"), profile: link)
            })
        #expect(book.links.count == Limits.bookLinksMax && book.links.first?.to == .worker("1"))
        let worker = try Self.worker("a")
        book.record(
            workers: (0...Limits.bookWorkersMax).map { index in
                var worker = worker
                worker.worker = "\(index)"
                return worker
            })
        #expect(book.workers.count == Limits.bookWorkersMax && book.workers.first?.worker == "1")
    }

    @Test func `runs are found by their stages`() throws {
        var book = try Self.book()
        try book.record(run: Self.run(1))
        let layers = try #require(LayerRange(first: 0, end: 30))
        var stage = PlannedStage(
            index: 0, worker: "a", address: "", layers: layers, wireByteCount: 0, readByteCount: 0,
            memoryByteCount: 0)
        let found = book.runs(cluster: "demo", shape: Self.shape, plan: Plan(stages: [stage], unused: []))
        #expect(found.map(\.concurrency) == [1, 4])
        stage.worker = "b"
        #expect(
            book.runs(cluster: "demo", shape: Self.shape, plan: Plan(stages: [stage], unused: [])).isEmpty)
    }

    @Test func `a run that cannot have been is refused`() throws {
        var book = MeasurementBook()
        for (concurrency, rate) in [(0, 1.0), (Limits.slotsMax + 1, 1), (1, .nan), (1, -1), (1, .infinity)] {
            #expect(throws: ProfileError.self) {
                try book.record(run: Self.run(concurrency, rate: rate))
            }
        }
        #expect(book.runs.isEmpty)
        try book.record(run: Self.run(Limits.slotsMax))
    }

    // MARK: Files that cannot be used

    private static func text() throws -> String {
        let directory = FileManager.default.temporaryDirectory.appending(path: "book-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try book().save(directory: directory.path)
        return try String(
            contentsOf: directory.appending(path: MeasurementBook.fileName), encoding: .utf8)
    }

    @Test(arguments: [
        ("", "", "found the end"), ("\"format\":1", "\"format\":2", "the format is 2"),
        ("0.00125", "-1", "the time of 1 tokens is -1.0"), ("0.00125", "1e999", "a finite number"),
        ("[1,0.00125]", "[1]", "a pair of numbers"), ("[1,0.00125]", "[1.5,0.1]", "at 1.5 tokens"),
        ("\"hidden\":2560", "\"hidden\":0", "the hidden size is 0"),
        ("\"hidden\":2560", "\"hidden\":1e300", "hidden is 1e+300"),
        ("\"hidden\":2560", "\"hidde\":2560", "an entry has no hidden"),
        ("\"worker\":\"b\"", "\"worker\":\"\\u001b[2J\"", "is no name"),
        ("\"worker\":\"b\"", "\"worker\":7", "an entry has no worker"),
        ("\"bytes_per_second\":110000000.0", "\"bytes_per_second\":0", "the speed of a link"),
        ("\"concurrency\":4", "\"concurrency\":4.5", "concurrency is 4.5"),
        ("\"end_layer\":30", "\"end_layer\":0", "ends with layer 0"),
        ("\"busy_share\":0.75", "\"busy_share\":2", "busy to 2.0"),
    ])
    func `a damaged book is refused with its name and what is wrong`(
        part: String, other: String, reason: String
    ) throws {
        let whole = try Self.text()
        let text = part.isEmpty ? "" : whole.replacing(part, with: other, maxReplacements: 1)
        #expect(text != whole)
        try withDirectory { directory in
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
            try text.write(
                toFile: directory + "/" + MeasurementBook.fileName, atomically: true, encoding: .utf8)
            let error = try #require(throws: MeasurementBookError.self) {
                try MeasurementBook.load(directory: directory)
            }
            #expect(error.message.contains(reason), "\(error.message)")
            #expect(error.message.hasPrefix(directory) && error.message.contains("delete the file"))
        }
    }

    @Test func `a book of the largest size is read and one byte more refused`() throws {
        let text = try Self.text()
        try withDirectory { directory in
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
            let path = directory + "/" + MeasurementBook.fileName
            let space = String(repeating: " ", count: Limits.bookBytesMax - text.utf8.count)
            try (text + space).write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try MeasurementBook.load(directory: directory) == Self.book())
            try (text + space + " ").write(toFile: path, atomically: true, encoding: .utf8)
            #expect(throws: MeasurementBookError.self) { try MeasurementBook.load(directory: directory) }
        }
    }

    @Test func `a cut-off book never traps`() throws {
        let text = Array(try Self.text().utf8)
        try withDirectory { directory in
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
            let path = directory + "/" + MeasurementBook.fileName
            for count in stride(from: 0, to: text.count - 2, by: 7) {
                try Data(text.prefix(count)).write(to: URL(filePath: path))
                #expect(throws: MeasurementBookError.self) { try MeasurementBook.load(directory: directory) }
            }
        }
    }
}
