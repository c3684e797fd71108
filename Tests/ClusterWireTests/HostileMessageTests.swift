// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterWire
import Testing

@Suite struct HostileMessageTests {
    private func error<Message: ControlMessage>(
        _: Message.Type, _ payload: [UInt8], _ budget: DecodingBudget = DecodingBudget()
    ) -> WireError? {
        do throws(WireError) {
            _ = try Message.decode(payload, budget: budget)
            return nil
        } catch {
            return error
        }
    }

    private func filled(_ unit: [UInt8]) -> [UInt8] {
        Array((0..<Limits.controlBytesMax / unit.count).map { _ in unit }.joined())
    }

    @Test(arguments: [
        Protobuf.field(1, []), Protobuf.field(1, Protobuf.field(1, [])), Protobuf.field(15, 1),
        Protobuf.field(1, Protobuf.field(15, [])), Protobuf.field(8, Protobuf.field(1, [0x61])),
        Protobuf.field(8, []),
    ])
    func `a frame full of tiny fields stays within the budget`(unit: [UInt8]) throws {
        let payload = filled(unit)
        for sample in try MessageSample.all() {
            let budget = DecodingBudget()
            _ = try? sample.recode(payload, budget)
            #expect(budget.byteCount <= Limits.controlDecodedBytesMax)
            #expect(budget.allocationCount <= Limits.controlAllocationsMax)
            #expect(budget.liveCount == 0)
        }
    }

    @Test func `empty sub-messages run into the budget`() {
        let budget = DecodingBudget()
        #expect(error(StoreStatus.self, filled(Protobuf.field(1, [])), budget)?.code == .budget)
        #expect(budget.isExceeded)
    }

    @Test func `unknown fields run into the budget`() {
        #expect(error(Examine.self, filled(Protobuf.field(15, 1)))?.code == .budget)
    }

    @Test(
        arguments: [
            [0x61, 0x00, 0x62], [0x1B], [0x7F], [0xC2, 0x85], [0x0A], [0xFF], [0xC0, 0x80],
            [0xED, 0xA0, 0x80], [0xC3],
            [0xF4, 0x90, 0x80, 0x80],
        ] as [[UInt8]])
    func `names hold neither control characters nor broken UTF-8`(name: [UInt8]) {
        // Behind a valid greeting a second `node` replaces the first.
        let payload = MessageSample.hello().encode() + Protobuf.field(6, name)
        #expect(error(Hello.self, payload)?.code == .text)
        #expect(error(Hello.self, payload)?.message.contains("Hello.node") == true)
    }

    @Test func `messages hold lines but no escapes`() throws {
        #expect(try Refusal.decode(Protobuf.field(2, Array("a\n\tb".utf8))).message == "a\n\tb")
        #expect(error(Refusal.self, Protobuf.field(2, [0x1B]))?.code == .text)
        #expect(error(Refusal.self, Protobuf.field(2, [0x61, 0]))?.code == .text)
        #expect(error(Refusal.self, Protobuf.field(2, [0xFF]))?.code == .text)
    }

    @Test func `empty names of nodes and clusters are refused`() {
        for field in [5, 6] as [UInt64] {
            let payload = MessageSample.hello().encode() + Protobuf.field(field, [])
            #expect(error(Hello.self, payload)?.code == .limit)
        }
    }

    @Test(arguments: [0, 9, 1000, 0x7FFF_FFFF] as [UInt64])
    func `an unknown connection role is refused`(role: UInt64) {
        #expect(error(Hello.self, MessageSample.hello().encode() + Protobuf.field(7, role))?.code == .limit)
    }

    @Test func `unknown codes that only inform count as other`() throws {
        #expect(try Refusal.decode(Protobuf.field(1, 99)).code == .other)
        #expect(try Fault.decode(Protobuf.field(1, 99)).code == .other)
        #expect(try HeartbeatReply.decode(Protobuf.field(2, 99)).state == .other)
    }

    @Test func `every enumerator keeps its number`() throws {
        for code in RefusalCode.allCases {
            #expect(try Refusal.decode(Refusal(code: code, message: "").encode()).code == code)
        }
        for code in FaultCode.allCases {
            #expect(try Fault.decode(Fault(code: code, stageIndex: 0, message: "").encode()).code == code)
        }
        for state in WorkerStateCode.allCases {
            let reply = HeartbeatReply(sequence: 0, state: state, residentByteCount: 0, stepsCompleted: 0)
            #expect(try HeartbeatReply.decode(reply.encode()).state == state)
        }
        for role in ConnectionRole.allCases {
            #expect(try Hello.decode(MessageSample.hello(role: role).encode()).role == role)
        }
    }

    @Test(arguments: [[0x0A], [0x0A, 5, 1], [0x08], [0x08, 0x80], [0xFF], [0x0B], [0x0F, 1]] as [[UInt8]])
    func `broken protobuf is refused`(payload: [UInt8]) {
        #expect(error(PartOffer.self, payload)?.code == .malformed)
    }
}
