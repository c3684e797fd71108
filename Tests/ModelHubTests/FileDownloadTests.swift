// SPDX-License-Identifier: MIT
import BitNetCore
import ModelHub
import TestSupport
import Testing

/// What is asked for next, and what answers mean.
@Suite struct FileDownloadTests {
    private static let tag = "\"v1\""

    private func download(_ byteCount: UInt64, kept: DownloadRecord? = nil) throws -> DownloadSubject {
        DownloadSubject(
            FileDownload(
                HubFile(try #require(HubPath("m.gguf")), byteCount: byteCount), of: "owner/model", kept: kept,
                blockByteCount: 10))
    }

    private func partial(_ range: Range<UInt64>, of total: UInt64, tag: String? = tag) -> HubAnswer {
        var answer = HubAnswer(status: 206)
        answer.contentRange = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(total)"
        answer.entityTag = tag
        return answer
    }

    @Test func `the first answer is waited for, then blocks are asked for side by side`() throws {
        let download = try download(25)
        let first = try #require(download.next())
        #expect(first.bytes == 0..<10 && first.validator == nil)
        #expect(download.next() == nil)
        #expect(download.answered(first, partial(0..<10, of: 25)) == .take)
        let second = try #require(download.next())
        let third = try #require(download.next())
        #expect(second.bytes == 10..<20 && third.bytes == 20..<25 && third.validator == Self.tag)
        #expect(download.next() == nil)
        for request in [third, first, second] {
            #expect(!download.value.isComplete)
            #expect(download.took(request, byteCount: UInt64(request.bytes.count)))
            download.ended(request)
        }
        #expect(download.value.isComplete && download.value.arrivedByteCount == 25)
    }

    @Test func `an empty file is complete before anything is asked`() throws {
        let download = try download(0)
        #expect(download.value.isComplete && download.next() == nil)
    }

    @Test func `a block that came in part is asked for from there`() throws {
        let download = try download(10)
        let first = try #require(download.next())
        #expect(download.answered(first, partial(0..<10, of: 10)) == .take)
        #expect(!download.took(first, byteCount: 4))
        guard case .retry = download.broke(first) else {
            Issue.record("no retry")
            return
        }
        download.ended(first)
        let again = try #require(download.next())
        #expect(again.bytes == 4..<10 && download.value.place(of: again) == 4)
    }

    @Test func `what was noted goes on with the blocks that lack`() throws {
        let before = try download(25)
        let first = try #require(before.next())
        _ = before.answered(first, partial(0..<10, of: 25))
        _ = before.took(first, byteCount: 10)
        let record = try #require(DownloadRecord(decoding: before.value.record.encoded))
        #expect(record == before.value.record)
        let after = try download(25, kept: record)
        #expect(after.next()?.bytes == 10..<20)
        #expect(after.next()?.validator == Self.tag)
        // Of another file nothing is kept.
        let other = try download(26, kept: record)
        #expect(other.next()?.bytes == 0..<10)
    }

    @Test func `another name for the bytes starts over, and what old answers bring is not counted`() throws {
        let download = try download(30)
        let first = try #require(download.next())
        _ = download.answered(first, partial(0..<10, of: 30))
        _ = download.took(first, byteCount: 10)
        download.ended(first)
        let second = try #require(download.next())
        let third = try #require(download.next())
        #expect(download.answered(second, partial(10..<20, of: 30)) == .take)
        #expect(download.answered(third, partial(20..<30, of: 30, tag: "\"v2\"")) == .startOver)
        #expect(!download.took(second, byteCount: 10))
        #expect(download.next() == nil && download.value.arrivedByteCount == 0)
        download.beginAgain()
        #expect(download.next()?.bytes == 0..<10)
    }

    @Test func `a name that changes each time is given up`() throws {
        let download = try download(30)
        var last: FileDownload.Directive?
        for round in 0..<Limits.hubTriesMax * 2 {
            let request = try #require(download.next())
            last = download.answered(request, partial(request.bytes, of: 30, tag: "\"\(round)\""))
            if case .fail = last { break }
            if last == .startOver { download.beginAgain() } else { download.ended(request) }
        }
        guard case .fail(let error) = last else {
            Issue.record("no end")
            return
        }
        #expect(error.message.contains("something else each time"))
    }

    @Test func `answers that are not what was asked for are refused`() throws {
        let wrong: [HubAnswer] = [
            partial(0..<9, of: 25), partial(1..<10, of: 25), partial(0..<10, of: 26), partial(0..<11, of: 25),
            HubAnswer(status: 206), HubAnswer(status: 416), HubAnswer(status: 404), HubAnswer(status: 302),
            {
                var answer = HubAnswer(status: 200)
                answer.contentLength = 24
                return answer
            }(),
        ]
        for answer in wrong {
            let download = try download(25)
            let request = try #require(download.next())
            guard case .fail = download.answered(request, answer) else {
                Issue.record("taken: \(answer)")
                continue
            }
        }
        for range in [
            "", "bytes", "bytes 0-9", "bytes 9-0/25", "bytes 0-99999999999999999999/25", "items 0-9/25",
        ] {
            var answer = HubAnswer(status: 206)
            answer.contentRange = range
            let download = try download(25)
            let request = try #require(download.next())
            guard case .fail = download.answered(request, answer) else {
                Issue.record("taken: \(range)")
                continue
            }
        }
    }

    @Test func `a digest that the hub tells later is used, and another than the listing's refused`() throws {
        let digest = try #require(ContentDigest(Array(repeating: UInt8(7), count: 32)))
        var answer = partial(0..<10, of: 25)
        answer.linkedTag = "\"\(digest.hex)\""
        let download = try download(25)
        let request = try #require(download.next())
        #expect(download.answered(request, answer) == .take && download.value.digest == digest)
        answer.linkedTag = "\"\(String(repeating: "0", count: 64))\""
        guard case .fail(let error) = download.answered(request, answer) else {
            Issue.record("taken")
            return
        }
        #expect(error.message.contains("was changed"))
    }

    @Test func `tries end at the bound, and a whole block begins them anew`() throws {
        let download = try download(25)
        let request = try #require(download.next())
        for _ in 1..<Limits.hubTriesMax {
            guard case .retry = download.answered(request, HubAnswer(status: 503)) else {
                Issue.record("given up early")
                return
            }
        }
        let fresh = DownloadSubject(download.value)
        guard case .fail = download.answered(request, HubAnswer(status: 503)) else {
            Issue.record("not given up")
            return
        }
        _ = fresh.answered(request, partial(0..<10, of: 25))
        _ = fresh.took(request, byteCount: 10)
        guard case .retry = fresh.broke(request) else {
            Issue.record("not begun anew")
            return
        }
    }

    @Test func `records that are cut or altered are none, or are bounded`() throws {
        let record = try download(25).value.record.encoded
        for count in 0..<record.count - 2 {
            #expect(DownloadRecord(decoding: Array(record.prefix(count))) == nil)
        }
        var mutator = Mutator(seed: 5)
        for _ in 0..<2000 {
            let bytes = mutator.mutate(record)
            guard let kept = DownloadRecord(decoding: bytes) else { continue }
            let download = try download(25, kept: kept)
            if let request = download.next() { #expect(request.bytes.upperBound <= 25) }
        }
    }

    @Test func `any order of what may happen ends with every byte written once or again`() throws {
        for seed in 0..<300 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let download = try download(UInt64.random(in: 1...95, using: &random))
            let total = download.value.file.byteCount
            var running: [(request: FileDownload.Request, taken: UInt64)] = []
            var written = Array(repeating: false, count: Int(total))
            var steps = 0
            while !download.value.isComplete {
                steps += 1
                try #require(steps < 10_000, "seed \(seed)")
                if running.count < 3, let request = download.next() {
                    if Int.random(in: 0..<8, using: &random) == 0 {
                        guard case .retry = download.broke(request) else {
                            Issue.record("seed \(seed): given up")
                            return
                        }
                        // Another whole block comes before the next failure.
                        download.ended(request)
                        continue
                    }
                    #expect(download.answered(request, partial(request.bytes, of: total)) == .take)
                    running.append((request, 0))
                    continue
                }
                let index = Int.random(in: 0..<running.count, using: &random)
                let (request, taken) = running[index]
                let left = UInt64(request.bytes.count) - taken
                let count = UInt64.random(in: 1...left, using: &random)
                let place = download.value.place(of: request)
                for byte in place..<place + count { written[Int(byte)] = true }
                let isWhole = download.took(request, byteCount: count)
                #expect(isWhole == (count == left))
                running[index].taken += count
                if isWhole {
                    download.ended(request)
                    running.remove(at: index)
                }
            }
            #expect(!written.contains(false), "seed \(seed)")
        }
    }
}
