// SPDX-License-Identifier: MIT
import BitNetCore
package import BitNetFormats

extension ConversionProgress {
    package var isLast: Bool { doneByteCount >= totalByteCount }

    /// `convert  0.9 of 1.2 GiB (75 %)  1.3 GiB/s  ETA 1 s`.
    package var line: String {
        let elapsed = max(start.duration(to: .now).seconds, 1e-6)
        let rate = Double(doneByteCount) / elapsed
        let share = Double(doneByteCount) / Double(max(totalByteCount, 1)) * 100
        let left = rate > 0 ? Double(totalByteCount - doneByteCount) / rate : 0
        return "convert  \(ByteCount.text(doneByteCount)) of \(ByteCount.text(totalByteCount)) "
            + "(\(share.text(places: 0)) %)  \(ByteCount.text(UInt64(clamping: rate)))/s  "
            + (isLast ? "done" : "ETA \(left.text(places: 0)) s")
    }
}
