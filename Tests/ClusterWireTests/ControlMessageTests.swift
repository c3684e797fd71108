// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterWire
import TestSupport
import Testing

@Suite struct ControlMessageTests {
    @Test func `every message round trips`() throws {
        for sample in try MessageSample.all() {
            #expect(try sample.matches(sample.payload), "\(sample.testDescription)")
            #expect(sample.payload.count <= sample.type.payloadBytesMax)
        }
    }

    @Test func `every control frame type has a message`() throws {
        let raw: Set<FrameType> = [.partChunk, .partEnd, .step, .outcome, .probe, .probed]
        #expect(try Set(MessageSample.all().map(\.type)) == Set(FrameType.allCases).subtracting(raw))
    }

    @Test func `the bytes are plain protobuf`() {
        #expect(Heartbeat(sequence: 300).encode() == [0x08, 0xAC, 0x02])
        #expect(Examine().encode() == [])
        #expect(Refusal(code: .key, message: "no").encode() == [0x08, 3, 0x12, 2, 0x6E, 0x6F])
    }

    @Test func `fields of a later version are skipped`() throws {
        let later = Protobuf.field(90, 1) + Protobuf.field(91, [1, 2, 3])
        for sample in try MessageSample.all() {
            #expect(try sample.matches(sample.payload + later), "\(sample.testDescription)")
        }
    }

    @Test func `what an earlier release does not say means what it did`() throws {
        var assignment = MessageSample.assignment()
        let field = Protobuf.field(10, Array("fast".utf8))
        let payload = assignment.encode()
        let start = try #require(payload.indices.first { payload[$0...].starts(with: field) })
        assignment.settings.headType = .exact
        let without = Array(payload[..<start] + payload[(start + field.count)...])
        #expect(try Assignment.decode(without) == assignment)
        var opening = Opening(slot: 1, sampling: MessageSample.sampling)
        let omitting = opening.encode()
        #expect(omitting.suffix(2) == [0x48, 1])
        opening.sampling.wantsLogProbabilities = true
        #expect(opening.encode() == Array(omitting.dropLast(2)))
        #expect(try Opening.decode(Array(omitting.dropLast(2))) == opening)
    }

    @Test func `a head of floats is not spoken of, and trits that nobody knows are refused`() throws {
        var measure = MessageSample.measure()
        let payload = measure.encode()
        let field = Protobuf.field(16, 14)
        #expect(Array(payload.suffix(field.count)) == field)
        measure.ternaryHead = nil
        let without = Array(payload.dropLast(field.count))
        #expect(measure.encode() == without)
        #expect(try Measure.decode(without) == measure)
        measure.ternaryHead = .t5
        #expect(measure.encode() == without + Protobuf.field(16, 1))
        for number in [2, 16, 257, UInt64(UInt32.max)] {
            let error = try #require(throws: WireError.self) {
                try Measure.decode(without + Protobuf.field(16, number))
            }
            #expect(error.code == .name && error.message.contains("Measure.ternaryHead is \(number - 1),"))
        }
    }

    /// `payload` with the field of this number and text instead of `known`.
    private func replacing(
        _ number: UInt64, _ known: String, with text: String, in payload: [UInt8]
    ) throws -> [UInt8] {
        let field = Protobuf.field(number, Array(known.utf8))
        let start = try #require(payload.indices.first { payload[$0...].starts(with: field) })
        let other = Protobuf.field(number, Array(text.utf8))
        return payload[..<start] + other + payload[(start + field.count)...]
    }

    @Test func `types that this release does not know are refused by field, name and what is known`() throws {
        let assignment = MessageSample.assignment().encode()
        let measure = MessageSample.measure().encode()
        func refusal(_ body: () throws -> Void) throws -> WireError {
            try #require(throws: WireError.self) { try body() }
        }
        let cache = try refusal {
            _ = try Assignment.decode(replacing(6, "f16", with: "q4", in: assignment))
        }
        #expect(
            cache
                == WireError(
                    .name, "Assignment.cacheType is “q4”, which is unknown here; known are f32, f16, int8"))
        let head = try refusal {
            _ = try Assignment.decode(replacing(10, "fast", with: "slow", in: assignment))
        }
        #expect(
            head
                == WireError(.name, "Assignment.head is “slow”, which is unknown here; known are exact, fast")
        )
        // An empty type of cache is none.
        for text in ["", "F32"] {
            let error = try refusal {
                _ = try Measure.decode(replacing(10, "int8", with: text, in: measure))
            }
            #expect(error.code == .name && error.message.contains("Measure.cacheType is “\(text)”"))
        }
        #expect(
            try refusal { _ = try Measure.decode(replacing(11, "exact", with: "ex", in: measure)) }.code
                == .name)
    }

    @Test func `missing capabilities stay missing`() throws {
        let welcome = MessageSample.welcome(capabilities: nil)
        #expect(try Welcome.decode(welcome.encode()) == welcome)
    }

    @Test func `prefixes decode or are refused, and leave nothing behind`() throws {
        for sample in try MessageSample.all() {
            for count in 0..<sample.payload.count {
                let budget = DecodingBudget()
                _ = try? sample.recode(Array(sample.payload.prefix(count)), budget)
                #expect(budget.liveCount == 0)
            }
        }
    }

    @Test func `mutated messages decode to what they say or are refused`() throws {
        var generator = Mutator(seed: 2)
        for sample in try MessageSample.all() {
            for _ in 0..<10_000 {
                let payload = generator.mutate(sample.payload)
                let budget = DecodingBudget()
                do {
                    let recoded = try sample.recode(payload, budget)
                    let again = try sample.recode(recoded, DecodingBudget())
                    if recoded != again { Issue.record("\(sample.testDescription) \(payload)") }
                } catch let error as WireError {
                    if error.message.isEmpty { Issue.record("\(sample.testDescription) \(payload)") }
                }
                if budget.liveCount != 0 { Issue.record("\(sample.testDescription) leaks with \(payload)") }
            }
        }
    }

    @Test func `every failing allocation is an error without a leak`() throws {
        for sample in try MessageSample.all() {
            let needed = DecodingBudget()
            _ = try sample.recode(sample.payload, needed)
            #expect(needed.allocationCount >= 1)
            for allowed in 0..<needed.allocationCount {
                let budget = DecodingBudget(allocationsMax: allowed)
                let error = #expect(throws: WireError.self) { try sample.recode(sample.payload, budget) }
                #expect(error?.code == .budget, "\(sample.testDescription) with \(allowed) allocations")
                #expect(budget.liveCount == 0)
            }
            _ = try sample.recode(sample.payload, DecodingBudget(allocationsMax: needed.allocationCount))
            _ = try sample.recode(sample.payload, DecodingBudget(bytesMax: needed.byteCount))
            #expect(throws: WireError.self) {
                try sample.recode(sample.payload, DecodingBudget(bytesMax: needed.byteCount - 1))
            }
        }
    }
}
