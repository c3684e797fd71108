// SPDX-License-Identifier: MIT

import BitNetCore
import ClusterWire
import TestSupport
import Testing

@Suite struct ExtremeNumberTests {
    @Test func `each number of each message at each extreme is refused, or told on as it was taken`() throws {
        var generator = SeededGenerator(seed: 5)
        var takenCount = 0
        for sample in try MessageSample.all() {
            let numbers = ProtobufNumbers(sample.payload)
            let scrambled = (0..<20).map { _ in numbers.scrambled(&generator) }
            for payload in numbers.extremes + scrambled {
                guard let taken = try? sample.recode(payload, DecodingBudget()) else { continue }
                takenCount += 1
                #expect(try sample.recode(taken, DecodingBudget()) == taken)
            }
        }
        #expect(takenCount > 100)
    }

    @Test func `figures for people are cut to what makes sense`() throws {
        var machine = MachineFigures()
        machine.processCPUMicros = .max
        machine.storeFreeByteCount = Limits.toldFigureMax + 1
        machine.loadAverageMilli = Limits.toldFigureMax
        let reply = HeartbeatReply(
            sequence: .max, state: .serving, residentByteCount: .max, stepsCompleted: .max, machine: machine)
        let told = try HeartbeatReply.decode(reply.encode())
        #expect(told.sequence == .max)
        #expect(told.residentByteCount == Limits.machineMemoryBytesMax)
        #expect(told.stepsCompleted == Limits.toldFigureMax)
        #expect(told.machine?.processCPUMicros == Limits.toldFigureMax)
        #expect(told.machine?.storeFreeByteCount == Limits.toldFigureMax)
        #expect(told.machine?.loadAverageMilli == Limits.toldFigureMax)
        #expect(told.machine?.memoryTotalByteCount == nil)

        let ready = Ready(loadMicros: .max, residentByteCount: .max, kernel: "", threadCount: .max)
        #expect(try Ready.decode(ready.encode()).residentByteCount == Limits.machineMemoryBytesMax)
        #expect(try Ready.decode(ready.encode()).loadMicros == Limits.toldFigureMax)

        var capabilities = MessageSample.capabilities
        (capabilities.memoryByteCount, capabilities.storeByteCount) = (.max, .max)
        let held = try Welcome.decode(MessageSample.welcome(capabilities: capabilities).encode())
            .capabilities
        #expect(held?.memoryByteCount == Limits.machineMemoryBytesMax)
        #expect(held?.storeByteCount == Limits.toldFigureMax)
        var examination = Examination()
        examination.openFilesMax = .max
        #expect(try Examination.decode(examination.encode()).openFilesMax == Limits.toldFigureMax)
    }
}
