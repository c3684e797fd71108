// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetEngine
import OperatorReports

/// Values that several tests begin with.
enum Samples {
    static let machine = Machine(
        processor: "CPU", processorCount: 2, isa: "avx2", mode: .auto,
        products: "dot product from 8 tokens", dotTokensMin: 8)
}
