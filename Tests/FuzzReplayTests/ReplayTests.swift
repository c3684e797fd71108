// SPDX-License-Identifier: MIT
import FuzzTargets
import Glibc
import TestSupport
import Testing

#if canImport(Glibc)
#endif

/// Every input of the corpus, every input that has ever led to a finding, and mutations of both.
///
/// In a process of its own, where a trap, a hang and greed with memory end a test with a message rather than
/// the whole run.
@Suite struct Replay {
    @Test func `no model file traps, hangs or takes more than its share`() async {
        await #expect(processExitsWith: .success) { try replay(.gguf, mutationCount: 1500) }
    }

    @Test func `no Hugging Face directory traps, hangs or takes more than its share`() async {
        await #expect(processExitsWith: .success) { try replay(.huggingFace, mutationCount: 1000) }
    }

    @Test func `no tokenizer traps, hangs or takes more than its share`() async {
        await #expect(processExitsWith: .success) { try replay(.tokenizer, mutationCount: 1000) }
    }

    @Test func `no conversation traps, hangs or takes more than its share`() async {
        await #expect(processExitsWith: .success) { try replay(.chat, mutationCount: 4000) }
    }

    @Test func `no chat template traps, hangs or takes more than its share`() async {
        await #expect(processExitsWith: .success) { try replay(.template, mutationCount: 200) }
    }

    @Test func `no answer of a model traps, hangs or takes more than its share`() async {
        await #expect(processExitsWith: .success) { try replay(.answer, mutationCount: 1000) }
    }

    @Test func `no cluster file traps, hangs or takes more than its share`() async {
        await #expect(processExitsWith: .success) { try replay(.workers, mutationCount: 4000) }
    }

    @Test func `no request traps, hangs or takes more than its share`() async {
        await #expect(processExitsWith: .success) { try replay(.request, mutationCount: 1000) }
    }

    @Test func `no stream of frames traps, hangs or takes more than its share`() async {
        await #expect(processExitsWith: .success) { try replay(.frames, mutationCount: 4000) }
    }

    @Test func `no handshake traps, hangs or takes more than its share`() async {
        await #expect(processExitsWith: .success) { try replay(.handshake, mutationCount: 4000) }
    }

    @Test func `a replay sees a trap, a hang and a gulp of memory`() async {
        await #expect(processExitsWith: .failure) {
            guardProcess(seconds: 1)
            while true {}
        }
        await #expect(processExitsWith: .failure) {
            guardProcess(seconds: 60)
            let greed = [UInt8](repeating: 1, count: 2 * Int(heldBytesMax))
            print(greed.count)
        }
    }

    @Test func `every target has a corpus with inputs of both kinds`() throws {
        for target in FuzzTarget.allCases {
            let names = try inputs(of: target).map(\.name)
            #expect(names.contains { $0.hasPrefix("good") }, "\(target)")
            #expect(names.contains { $0.hasPrefix("bad") }, "\(target)")
        }
    }
}

/// Bytes that a replay may hold beyond what the process holds at its start.
private let heldBytesMax: rlim_t = 256 << 20

/// Bounds this process: a hang ends it with SIGALRM, an allocation beyond the bound with a trap.
private func guardProcess(seconds: UInt32) {
    alarm(seconds)
    var limit = rlimit(rlim_cur: dataBytes() + heldBytesMax, rlim_max: rlim_t.max)
    limit.rlim_max = limit.rlim_cur
    setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
}

/// Bytes of private writable memory, which is what RLIMIT_DATA counts.
private func dataBytes() -> rlim_t {
    guard let file = fopen("/proc/self/statm", "r") else { return 1 << 30 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    guard fgets(&line, Int32(line.count), file) != nil else { return 1 << 30 }
    // Pages in all, resident, shared, text, library, data.
    let fields = String(decoding: line.map(UInt8.init(bitPattern:)), as: UTF8.self).split(separator: " ")
    return (fields.count > 5 ? rlim_t(fields[5]) ?? 0 : 0) * rlim_t(sysconf(Int32(_SC_PAGESIZE)))
}

private func replay(_ target: FuzzTarget, mutationCount: Int) throws {
    guardProcess(seconds: 600)
    for input in try inputs(of: target) {
        let outcome = try target.run(input.bytes)
        let mustPass = input.name.hasPrefix("good")
        guard mustPass ? outcome == .accepted : !input.name.hasPrefix("bad") || outcome != .accepted else {
            throw FuzzFinding("\(input.name): \(outcome)")
        }
        var mutator = Mutator(seed: UInt64(input.bytes.count))
        for _ in 0..<mutationCount {
            _ = try target.run(mutator.mutate(input.bytes))
        }
    }
}
