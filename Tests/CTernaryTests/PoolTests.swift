// SPDX-License-Identifier: MIT
import CPlatform
import Glibc
import Testing

private func countItems(_ context: UnsafeMutableRawPointer?, _ begin: Int, _ end: Int, _ thread: Int) {
    guard let counts = context?.assumingMemoryBound(to: UInt8.self) else { return }
    for item in begin..<end { counts[item] &+= 1 }
}

/// The largest piece that each thread took.
private func noteThread(_ context: UnsafeMutableRawPointer?, _ begin: Int, _ end: Int, _ thread: Int) {
    guard let seen = context?.assumingMemoryBound(to: UInt8.self) else { return }
    seen[thread] = max(seen[thread], UInt8(end - begin))
    usleep(2000)
}

@Suite struct PoolTests {
    @Test(arguments: [1, 2, 3, 5, 8])
    func `every item is run exactly once`(threads: Int) throws {
        var generator = Generator(seed: UInt64(threads))
        let pool = try Pool(threads: threads)
        #expect(bn_pool_thread_count(pool.pointer) == threads)
        for _ in 0..<300 {
            let count = Int(generator.next() % 1000)
            let grain = Int(generator.next() % 40)
            var counts = [UInt8](repeating: 0, count: count + 1)
            bn_pool_run(pool.pointer, count, grain, countItems, &counts)
            #expect(counts == [UInt8](repeating: 1, count: count) + [0])
        }
    }

    @Test func `without a pool the calling thread runs everything`() {
        var counts = [UInt8](repeating: 0, count: 100)
        bn_pool_run(nil, 100, 7, countItems, &counts)
        #expect(counts == [UInt8](repeating: 1, count: 100))
    }

    @Test func `parked threads wake for the next region`() throws {
        let pool = try Pool(threads: 2)
        for _ in 0..<5 {
            usleep(5000)
            // Pieces that sleep: the caller cannot take them all before the other thread is awake.
            var seen: [UInt8] = [0, 0]
            bn_pool_run(pool.pointer, 30, 3, noteThread, &seen)
            #expect(seen == [3, 3])
        }
    }

    @Test func `pinned threads stay on the processors that the process may use and still do all the work`()
        throws
    {
        let pool = try Pool(threads: 3)
        #expect(bn_pool_pin(pool.pointer) == 2)
        var counts = [UInt8](repeating: 0, count: 1000)
        bn_pool_run(pool.pointer, 1000, 3, countItems, &counts)
        #expect(counts == [UInt8](repeating: 1, count: 1000))
    }

    @Test(arguments: [0, 1025])
    func `thread counts outside the limits are refused`(threads: Int) {
        #expect(bn_pool_create(threads) == nil)
    }

    @Test func `the processor count is positive and within the affinity mask`() {
        #expect(bn_processor_count() >= 1)
        #expect(bn_processor_count() <= sysconf(Int32(_SC_NPROCESSORS_CONF)))
    }

    @Test(arguments: [0, 1, 4096, 5 << 20])
    func `memory is aligned, zeroed and writable`(byteCount: Int) throws {
        let memory = try #require(bn_memory_allocate(byteCount))
        defer { bn_memory_free(memory, byteCount) }
        #expect(UInt(bitPattern: memory) % 64 == 0)
        let bytes = UnsafeMutableRawBufferPointer(start: memory, count: byteCount)
        for offset in stride(from: 0, to: byteCount, by: 1021) {
            #expect(bytes[offset] == 0)
            bytes[offset] = 1
        }
    }
}
