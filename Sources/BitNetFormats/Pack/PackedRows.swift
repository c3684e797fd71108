// SPDX-License-Identifier: MIT

/// The packed form of Hugging Face's `bitnet` quantisation: the codes of four rows in one byte.
///
/// With R bytes of rows, byte [r, k] holds weight k of rows r, r + R, r + 2R and r + 3R, the first in the lowest
/// two bits (Transformers, `integrations/bitnet.py`).
enum PackedRows {
    static let rowsPerByte = 4
}
