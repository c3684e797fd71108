// SPDX-License-Identifier: MIT
import CTernary

/// Measures products of one ternary matrix shape beside what the machine could do at best.
///
/// Many copies of the matrix take turns, so that weights come from memory and not from a cache. All
/// configurations take turns too, round after round, and what is reported is the median of the rounds: what else
/// the machine does then concerns all alike.
package final class KernelBench {
    package struct Options: Sendable {
        package var tokenCounts = [1, 2, 4, 8, 16, 32, 64, 128, 512]
        package var threadCounts = [1]
        package var products = Product.allCases
        /// Add-only products take every token by itself; more of them tell nothing new.
        package var addOnlyTokensMax = 16
        /// What the copies of a matrix take together, bytes; several times the largest cache.
        package var weightByteCount = 800 << 20
        package var rounds = 5
        /// How long one configuration runs in a round, seconds.
        package var roundSeconds = 0.008

        package init() {}
    }

    package enum Product: String, CaseIterable, Sendable {
        case addOnly = "add-only"
        case dot8
    }

    /// One configuration.
    package struct Measurement: Sendable {
        package let rows: Int
        package let columns: Int
        package let tokens: Int
        package let product: Product
        package let threads: Int
        /// For one product of the matrix with all tokens.
        package var seconds = 0.0
        /// For making the codes that it takes; not part of `seconds`, as several products share them.
        package var quantiseSeconds = 0.0
        /// Bytes of the matrix.
        package var byteCount = 0
        /// Bytes per second, divided by those of reading alone.
        package var readRatio = 0.0
        /// Multiply-adds per second, divided by those of multiplying alone.
        package var multiplyAddRatio: Double?

        package init(rows: Int, columns: Int, tokens: Int, product: Product, threads: Int) {
            self.rows = rows
            self.columns = columns
            self.tokens = tokens
            self.product = product
            self.threads = threads
        }

        package var weightRate: Double { Double(rows * columns) / seconds }
        package var byteRate: Double { Double(byteCount) / seconds }
        package var multiplyAddRate: Double { weightRate * Double(tokens) }
    }

    /// What the machine did at best, by number of threads.
    package struct Best: Sendable {
        package let threads: Int
        package let readRate: Double
        package let multiplyAddRate: Double?

        package init(threads: Int, readRate: Double, multiplyAddRate: Double?) {
            self.threads = threads
            self.readRate = readRate
            self.multiplyAddRate = multiplyAddRate
        }
    }

    private let kernels: Kernels
    private let options: Options
    private let pools: [ComputePool]
    private let roofline: Roofline
    private var readRates: [[Double]]
    private var multiplyAddRates: [[Double]]
    /// T5 bytes per second and thread laid out while matrices were filled.
    package private(set) var layoutRates: [Double] = []

    /// - Throws: ``EngineError``.
    package init(kernels: Kernels, options: Options) throws(EngineError) {
        self.kernels = kernels
        self.options = options
        var pools: [ComputePool] = []
        for count in options.threadCounts { pools.append(try ComputePool(threadCount: count)) }
        self.pools = pools
        roofline = try Roofline(kernels: kernels, readByteCount: min(options.weightByteCount, 256 << 20))
        readRates = Array(repeating: [], count: pools.count)
        multiplyAddRates = readRates
    }

    package var best: [Best] {
        pools.indices.map { index in
            let peaks = multiplyAddRates[index]
            return Best(
                threads: pools[index].threadCount, readRate: readRates[index].median,
                multiplyAddRate: peaks.isEmpty ? nil : peaks.median)
        }
    }

    /// Measures all configurations of one matrix shape.
    ///
    /// - Throws: ``EngineError`` if there is not enough memory.
    package func measure(rows: Int, columns: Int) throws(EngineError) -> [Measurement] {
        let matrices = try makeMatrices(rows: rows, columns: columns)
        var runs: [Run] = []
        for (index, pool) in pools.enumerated() {
            for tokens in options.tokenCounts {
                for product in options.products
                where product == .dot8 || tokens <= options.addOnlyTokensMax {
                    runs.append(
                        try Run(
                            matrices, kernels: kernels, pool: pool, poolIndex: index, tokens: tokens,
                            product: product))
                }
            }
        }
        for _ in 0..<max(options.rounds, 1) {
            for index in pools.indices {
                let read = roofline.readRate(pools[index])
                let peak = roofline.multiplyAddRate(pools[index])
                readRates[index].append(read)
                if let peak { multiplyAddRates[index].append(peak) }
                for run in runs where run.poolIndex == index {
                    run.add(seconds: options.roundSeconds, readRate: read, multiplyAddRate: peak)
                }
            }
        }
        return runs.map(\.measurement)
    }

    private func makeMatrices(rows: Int, columns: Int) throws(EngineError) -> Matrices {
        let byteCount = bn_matrix_byte_count_for(kernels.table, rows, columns)
        let t5 = try PageMemory(byteCount: rows * ((columns + 4) / 5), for: "a matrix to measure")
        RandomRows.trits(columnsMax: columns).fill(
            UnsafeMutableRawBufferPointer(start: t5.start, count: t5.byteCount), rows: rows, columns: columns)
        let matrices = Matrices(rows: rows, columns: columns, byteCount: byteCount)
        for index in 0..<max(2, options.weightByteCount / max(byteCount, 1) + 1) {
            guard let matrix = bn_matrix_create(kernels.table, rows, columns, 1) else {
                throw EngineError(.outOfMemory, "cannot allocate copies of a matrix to measure")
            }
            matrices.handles.append(matrix)
            var badOffset = 0
            // Some by one thread each, to know how fast a thread is; the others as fast as can be.
            let isAlone = index < 8
            let pool = isAlone ? nil : pools.max { $0.threadCount < $1.threadCount }?.handle
            let time = seconds {
                _ = bn_matrix_fill(matrix, pool, t5.pointer(as: UInt8.self), &badOffset)
            }
            if isAlone { layoutRates.append(Double(t5.byteCount) / time) }
        }
        return matrices
    }
}

/// Copies of a matrix that take turns.
private final class Matrices {
    let rows: Int
    let columns: Int
    let byteCount: Int
    var handles: [OpaquePointer] = []
    private var turn = 0

    init(rows: Int, columns: Int, byteCount: Int) {
        self.rows = rows
        self.columns = columns
        self.byteCount = byteCount
    }

    deinit {
        for handle in handles { bn_matrix_destroy(handle) }
    }

    func next() -> OpaquePointer {
        turn = (turn + 1) % handles.count
        return handles[turn]
    }
}

/// One configuration at work.
private final class Run {
    let poolIndex: Int
    private let matrices: Matrices
    private let pool: ComputePool
    private let activations: OpaquePointer
    private let x: PageMemory
    private let out: PageMemory
    private var times: [Double] = []
    private var quantiseTimes: [Double] = []
    private var readRatios: [Double] = []
    private var multiplyAddRatios: [Double] = []
    private let tokens: Int
    private let product: KernelBench.Product

    init(
        _ matrices: Matrices, kernels: Kernels, pool: ComputePool, poolIndex: Int, tokens: Int,
        product: KernelBench.Product
    ) throws(EngineError) {
        self.matrices = matrices
        self.pool = pool
        self.poolIndex = poolIndex
        self.tokens = tokens
        self.product = product
        x = try PageMemory(byteCount: tokens * matrices.columns * 4, for: "activations to measure")
        out = try PageMemory(byteCount: tokens * matrices.rows * 4, for: "products to measure")
        let values = x.pointer(as: Float.self)
        for index in 0..<tokens * matrices.columns { values[index] = Float(index % 255) - 127 }
        guard
            let activations = bn_activations_create(
                kernels.table, product == .dot8 ? 1 : .max, pool.threadCount, tokens, matrices.columns, 0)
        else { throw EngineError(.outOfMemory, "cannot allocate activations to measure") }
        self.activations = activations
    }

    deinit {
        bn_activations_destroy(activations)
    }

    /// Multiplies for so many seconds, once at least.
    func add(seconds limit: Double, readRate: Double, multiplyAddRate: Double?) {
        quantiseTimes.append(
            seconds {
                _ = bn_quantise(
                    activations, pool.handle, x.pointer(as: Float.self), tokens, matrices.columns)
            })
        var count = 1
        if let last = times.last { count = max(1, Int(limit / last)) } else { multiply() }
        let time = seconds { for _ in 0..<count { multiply() } } / Double(count)
        times.append(time)
        readRatios.append(Double(matrices.byteCount) / time / readRate)
        if let multiplyAddRate {
            multiplyAddRatios.append(
                Double(matrices.rows * matrices.columns * tokens) / time / multiplyAddRate)
        }
    }

    private func multiply() {
        var product = bn_product(
            matrix: matrices.next(), out: out.pointer(as: Float.self), out_stride: matrices.rows,
            accumulate: false)
        bn_multiply(pool.handle, activations, &product, 1)
    }

    var measurement: KernelBench.Measurement {
        var result = KernelBench.Measurement(
            rows: matrices.rows, columns: matrices.columns, tokens: tokens, product: product,
            threads: pool.threadCount)
        // The first round only says how many times to multiply in the others.
        let skipped = times.count > 2 ? 1 : 0
        result.seconds = Array(times.dropFirst(skipped)).median
        result.quantiseSeconds = Array(quantiseTimes.dropFirst(skipped)).median
        result.byteCount = matrices.byteCount
        result.readRatio = Array(readRatios.dropFirst(skipped)).median
        result.multiplyAddRatio =
            multiplyAddRatios.isEmpty ? nil : Array(multiplyAddRatios.dropFirst(skipped)).median
        return result
    }
}
