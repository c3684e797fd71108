// SPDX-License-Identifier: MIT
import BitNetCore

/// The parts that a worker's machine keeps, whatever becomes of the program.
final class Disk {
    private struct Kept {
        var byteCount: UInt64
        let wholeByteCount: UInt64
        var isDamaged = false
    }

    private var parts: [ContentDigest: Kept] = [:]
    /// Nothing more fits.
    var isFull = false
    /// Of so many pieces that come next, each has a bit turned over.
    var damagedCount = 0

    func isWhole(_ file: PartFile) -> Bool {
        parts[file.digest].map { $0.byteCount == $0.wholeByteCount && !$0.isDamaged } ?? false
    }

    /// What need not be sent again; a part that is found damaged is thrown away.
    func presentByteCount(_ file: PartFile) -> UInt64 {
        guard let kept = parts[file.digest] else { return 0 }
        guard kept.byteCount == kept.wholeByteCount else { return kept.byteCount }
        if kept.isDamaged { parts[file.digest] = nil }
        return kept.isDamaged ? 0 : kept.byteCount
    }

    func write(_ file: PartFile, upTo byteCount: UInt64) {
        var kept = parts[file.digest] ?? Kept(byteCount: 0, wholeByteCount: file.byteCount)
        kept.byteCount = byteCount
        if damagedCount > 0 {
            damagedCount -= 1
            kept.isDamaged = true
        }
        parts[file.digest] = kept
    }

    func remove(_ file: PartFile) { parts[file.digest] = nil }

    func wipe() { parts = [:] }

    /// A bit is turned over in one of the parts.
    func damage(_ index: Int) {
        guard !parts.isEmpty else { return }
        let digests = parts.keys.sorted { Array($0.bytes).lexicographicallyPrecedes(Array($1.bytes)) }
        parts[digests[index % digests.count]]?.isDamaged = true
    }
}
