// SPDX-License-Identifier: MIT

import CClusterProto
import CProtobufC

extension ProtobufCBinaryData {
    /// Safety: valid while the message that holds the field is.
    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: data, count: data == nil ? 0 : len) }
}
