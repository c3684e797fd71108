// SPDX-License-Identifier: MIT

import BitNetCore
import Glibc
package import TestSupport

extension TemporaryFolder {
    package func move(_ name: String, to other: String) throws {
        guard rename(path(of: name), path(of: other)) == 0 else { throw SystemError("rename \(name)") }
    }

    package func remove(_ name: String) throws {
        guard unlink(path(of: name)) == 0 else { throw SystemError("remove \(name)") }
    }

    package func bytes(of name: String) throws -> [UInt8] {
        try MappedFile(path: path(of: name)).withBytes { [UInt8]($0) }
    }
}
