// SPDX-License-Identifier: MIT

package import BitNetCore

extension ModelFile {
    /// A hash of what decides the parts that this model becomes, without reading its weights.
    ///
    /// The files count by place, size, time of change and header: one that is written to behind its header with its
    /// time set back is taken for unchanged.
    ///
    /// - Returns: `nil` for a model that is not on disk.
    package func fingerprint(version: UInt8) -> ContentDigest? {
        guard !source.files.isEmpty else { return nil }
        var bytes = Array("bitnet-coord model".utf8) + [version]
        bytes += Array(options.i2sLayout.rawValue.utf8) + [options.quantisesMasters ? 1 : 0]
        bytes += source.files.flatMap(\.fingerprint)
        return ContentDigest.of(bytes)
    }
}
