// SPDX-License-Identifier: MIT
import AdminAPI
import OperatorLogic
import Testing

@Suite struct StatusScreenTests {
    private static let utc = ClockText(zoneOffsetSeconds: 0)

    @Test(arguments: [80, 96, 160])
    func `a status looks as it was found good`(width: Int) throws {
        let documents = [
            ("healthy", Documents.healthy), ("degraded", Documents.degraded), ("down", Documents.down),
            ("starting", Documents.starting), ("unplanned", Documents.unplanned),
        ]
        for (name, document) in documents {
            let lines = StatusScreen(document, width: width, clock: Self.utc).lines
            try GoldenScreen.expect(lines.text(isColoured: false), "status-\(name)-\(width)")
        }
    }

    @Test func `the picture that was asked for fits 96 columns with all of its figures`() throws {
        let lines = StatusScreen(Documents.healthy, width: 96, clock: Self.utc).lines
        let text = lines.text(isColoured: false)
        let words = [
            "STAGE", "WORKER", "STATE", "LAYERS", "MEM GiB", "CORES", "COMPUTE", "IDLE", "LINK ms", "MB/s",
            "VERSION", "<- slowest", "demo", "SERVING", "4/4 workers", "up 3h12m", "http://127.0.0.1:8080/v1",
        ]
        for word in words { #expect(text.contains(word), "\(word)") }
    }

    @Test func `colours change nothing but colours`() {
        for document in [Documents.healthy, Documents.degraded, Documents.down, Documents.starting] {
            let lines = StatusScreen(document, width: 96, clock: Self.utc).lines
            let coloured = lines.text(isColoured: true)
            #expect(coloured.contains("\u{1B}["))
            #expect(coloured.replacing(/\u{1B}\[\d*m/, with: "") == lines.text(isColoured: false))
        }
    }

    @Test func `no document makes a line too wide, breaks a line or traps`() {
        var hasWide = false
        for seed in 0..<UInt64(60) {
            var documents = HostileDocuments(seed: seed)
            let status = documents.status()
            for width in [-1, 0, 1, 7, 20, 39, 40, 80, 96, 160, 1000] {
                let lines = StatusScreen(status, width: width, clock: Self.utc).lines
                for line in lines {
                    #expect(line.columns <= max(width, 0), "seed \(seed), width \(width)")
                    let text = line.text(isColoured: false)
                    let isClean = text.unicodeScalars.allSatisfy {
                        ![.control, .format, .lineSeparator, .paragraphSeparator].contains(
                            $0.properties.generalCategory)
                    }
                    #expect(isClean, "seed \(seed): \(text.debugDescription)")
                    hasWide = hasWide || text.contains("界")
                }
            }
        }
        // The documents do bring what is hard to measure.
        #expect(hasWide)
    }

    @Test func `times are those of the operator's zone`() {
        let kathmandu = ClockText(zoneOffsetSeconds: 20_700)
        #expect(kathmandu.text(Documents.now) == "16:47:13")
        #expect(kathmandu.text(Documents.now - 86_400, now: Documents.now) == "02-28 16:47:13")
        #expect(Self.utc.text(-1, now: 0) == "12-31 23:59:59")
        #expect(Self.utc.text(951_782_400, now: 0) == "02-29 00:00:00")
        #expect(Self.utc.text(.nan) == "–")
    }

    @Test func `a strip of few characters still shows the one stage that is lost`() {
        var status = Documents.healthy
        status.stages = (0..<64).map {
            Documents.stage($0, "w\($0)", $0 == 33 ? .lost : .serving, [$0 * 16, $0 * 16 + 15])
        }
        status.model.layerCount = 1024
        func strip(_ width: Int) -> Substring {
            let lines = StatusScreen(status, width: width, clock: Self.utc).lines.text(isColoured: false)
            return lines.split(separator: "\n").first { $0.hasPrefix("blocks") } ?? ""
        }
        #expect(
            strip(80)
                == "blocks 0 [0123456789abcdefghijklmnopqrstuvw!yzABCDEFGHIJKLMNOPQRSTUVWXYZ++] 1023")
        #expect(strip(60).contains("!"))
        #expect(strip(40).contains("!"))
    }

    @Test func `what is told as a reason is not told at length again, nor a worker's name twice`() {
        var status = Documents.down
        let message = "worker srv-b (10.0.0.2:7101) was lost: " + String(repeating: "it is gone ", count: 12)
        status.reasons = [message]
        status.failures = [FailureRecord(time: Documents.now, worker: "srv-b", message: message)]
        let lines = StatusScreen(status, width: 96, clock: Self.utc).lines.map { $0.text(isColoured: false) }
        #expect(lines.count { $0.contains("it is gone") } == 3)
        #expect(lines.last?.hasPrefix("recent 11:02:13 worker srv-b (10.0.0.2:7101) was lost: it is") == true)
        #expect(lines.last?.hasSuffix("…") == true)
        #expect(WorkerSubject.text("a", before: "a: shipped") == "")
        #expect(WorkerSubject.text("a", before: "avx2, 1 thread") == "a: ")
    }
}
