// SPDX-License-Identifier: MIT

/// Which release of the programs this is; told to peers and operators.
package enum Build {
    package static let name = "bitnet-coord 0.1.0"
}
