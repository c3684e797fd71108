// SPDX-License-Identifier: MIT

import BitNetCore

/// What a frame carries.
///
/// Raw values are part of the protocol.
package enum FrameType: UInt8, CaseIterable, Sendable {
    // Handshake, every connection.
    case hello = 0x01
    case helloReply = 0x02
    case proof = 0x03
    case welcome = 0x04
    case refusal = 0x05

    // Control connection.
    case heartbeat = 0x10
    case heartbeatReply = 0x11
    case assignment = 0x12
    case storeStatus = 0x13
    case ready = 0x14
    case fault = 0x15
    case link = 0x16
    case linked = 0x17
    case release = 0x18
    case released = 0x19
    case measure = 0x1A
    case measured = 0x1B
    case probeLinks = 0x1C
    case linksProbed = 0x1D

    // Examine connection, beside those for links and probes.
    case examine = 0x1E
    case examination = 0x1F

    // Weights connection.
    case partOffer = 0x20
    case partStatus = 0x21
    case partChunk = 0x22
    case partEnd = 0x23
    case partResult = 0x24
    case partProgress = 0x25

    // Steps, link and outcomes connections.
    case opening = 0x30
    case step = 0x31
    case closing = 0x32
    case outcome = 0x33

    // Probe connection.
    case probe = 0x40
    case probed = 0x41

    /// The largest payload, bytes; compared with a frame's length before anything is allocated.
    package var payloadBytesMax: Int {
        switch self {
        case .partEnd, .probed: 0
        case .partChunk, .probe: Limits.weightBytesMax
        case .step: Limits.activationBytesMax
        case .outcome: Limits.outcomeBytesMax
        default: Limits.controlBytesMax
        }
    }
}
