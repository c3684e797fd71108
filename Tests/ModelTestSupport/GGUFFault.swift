// SPDX-License-Identifier: MIT

package import BitNetFormats
import Testing

/// A fault put into a good file and what it must be called.
package struct GGUFFault: Sendable, CustomTestStringConvertible {
    package let name: String
    package let code: ModelFileError.Code
    package let apply: @Sendable (inout GGUFBuilder) -> Void

    package init(
        _ name: String, _ code: ModelFileError.Code, _ apply: @escaping @Sendable (inout GGUFBuilder) -> Void
    ) {
        self.name = name
        self.code = code
        self.apply = apply
    }

    package var testDescription: String { name }
}
