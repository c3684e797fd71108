// SPDX-License-Identifier: MIT
import ArgumentParser
package import BitNetCore

extension TokenBias: ExpressibleByArgument {
    /// `15043+1` or `15043-1`, as llama.cpp takes it, or `15043=-1`.
    package init?(argument: String) {
        let digits = argument.prefix { ("0"..."9").contains($0) }
        var value = argument[digits.endIndex...]
        switch value.first {
        case "=": value.removeFirst()
        case "+", "-": break
        default: return nil
        }
        guard let token = UInt32(digits, radix: 10), let bias = Float(value) else { return nil }
        self.init(token: token, bias: bias)
    }
}
