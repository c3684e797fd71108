// SPDX-License-Identifier: MIT

/// `1 stage`, `0 stages`, `2 stages`.
///
/// - Parameter noun: one that takes an s.
package func plural(_ count: some BinaryInteger, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
}
