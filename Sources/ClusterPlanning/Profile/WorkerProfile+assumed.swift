// SPDX-License-Identifier: MIT

import BitNetCore

extension WorkerProfile {
    /// What a worker is taken to do that was never measured: weights of two bits with their scales and a head, which
    /// is int8 unless it is ternary too, are read at this speed, and steps of more tokens take as much longer as was
    /// measured on two cores with AVX-512.
    ///
    /// - Throws: ``ProfileError`` if the speed is out of bounds.
    package static func assumed(
        readBytesPerSecond: Double, for shape: ProfiledShape
    ) throws(ProfileError) -> WorkerProfile {
        try ProfileError.check(
            readBytesPerSecond, "the speed of memory in bytes per second", in: Limits.bytesPerSecondRange)
        let products = try curve(shape.layerByteCount / readBytesPerSecond, ternaryFactors)
        let head = try curve(
            shape.headByteCount / readBytesPerSecond, shape.ternaryHead == nil ? headFactors : ternaryFactors)
        return try WorkerProfile(
            layerSeconds: products, prefillLayerSeconds: products, headSeconds: head,
            stepSeconds: 2e-4, readBytesPerSecond: readBytesPerSecond,
            attentionSecondsPerToken: min(
                Double(4 * shape.keyValueSize) / readBytesPerSecond, Limits.attentionSecondsMax))
    }

    private static let ternaryFactors: [(Int, Double)] = [
        (1, 1), (2, 1), (4, 1.3), (8, 2.2), (16, 4.1), (32, 8.2), (64, 15), (512, 118),
    ]
    private static let headFactors: [(Int, Double)] = [(1, 1), (8, 1), (64, 4)]

    private static func curve(
        _ seconds: Double, _ factors: [(Int, Double)]
    ) throws(ProfileError) -> StepCostCurve {
        try StepCostCurve(
            factors.map { count, factor in
                StepCostCurve.Point(count: count, seconds: min(seconds * factor, Limits.profileSecondsMax))
            })
    }
}
