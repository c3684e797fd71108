// SPDX-License-Identifier: MIT

/// What frames mean, as opposed to ``FrameHeader/version``, how they are delimited.
package enum ProtocolVersion {
    /// The versions that this release speaks.
    package static let supported: ClosedRange<UInt32> = 1...1
}
