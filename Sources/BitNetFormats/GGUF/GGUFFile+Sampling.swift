// SPDX-License-Identifier: MIT

import BitNetCore

extension GGUFFile {
    private static let samplingKeys: [(String, SamplingDefaults.Setting)] = [
        ("temp", .temperature), ("top_k", .topK), ("top_p", .topP), ("min_p", .minP),
        ("penalty_repeat", .repetitionPenalty), ("penalty_last_n", .repetitionWindow),
    ]

    /// How the file recommends to choose tokens, by the keys that llama.cpp has for it.
    ///
    /// - Throws: ``ModelFileError`` for a value that is no number.
    func samplingDefaults(_ warnings: inout [String]) throws(ModelFileError) -> SamplingDefaults {
        var defaults = SamplingDefaults()
        for (name, setting) in Self.samplingKeys {
            let key = "general.sampling.\(name)"
            guard let value = try number(key) else { continue }
            defaults.set(setting, to: value, named: "\(path): \(key)", &warnings)
        }
        return defaults
    }

    private func number(_ key: String) throws(ModelFileError) -> Double? {
        switch metadata[key] {
        case nil: return nil
        case .float(let value): return value
        case .signed(let value): return Double(value)
        case .unsigned(let value): return Double(value)
        case .some(let other): throw mismatch(key, found: other.kindName, expected: "a number")
        }
    }
}
