// SPDX-License-Identifier: MIT
import BitNetCore

/// How names, labels and numbers are written in Prometheus' text format, version 0.0.4.
package enum PrometheusText {
    /// Letters, digits, `_` and, in names of metrics, `:`; everything else becomes `_`.
    ///
    /// A name for `kind` has the ending that `promtool check metrics` wants: `_total` for counters and nothing that
    /// looks like a counter or a part of a histogram for others.
    package static func metricName(
        _ label: String, kind: MetricDefinition.Kind, isTime: Bool = false
    ) -> String {
        var name = sanitised(label, allowsColon: true)
        switch kind {
        case .counter:
            if !name.hasSuffix("_total") {
                name = String(name.prefix(Limits.metricNameBytesMax - 6)) + "_total"
            }
        case .gauge, .histogram:
            while let ending = reservedEndings.first(where: { name.hasSuffix($0) && name.count > $0.count }) {
                name.removeLast(ending.count)
            }
            if isTime, !name.hasSuffix("_seconds") {
                name = String(name.prefix(Limits.metricNameBytesMax - 8)) + "_seconds"
            }
        }
        return name
    }

    /// Labels in the order of their names, as they stand between braces; of equal names the first counts.
    ///
    /// A label without a value is the same as none. `nil` if there are too many.
    package static func labels(_ dimensions: [(String, String)]) -> String? {
        guard dimensions.count <= Limits.metricLabelsMax else { return nil }
        var values: [String: String] = [:]
        for (name, value) in dimensions where !value.isEmpty {
            let name = labelName(name)
            if values[name] == nil { values[name] = labelValue(value) }
        }
        return values.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",")
    }

    package static func labelName(_ text: String) -> String {
        let name = sanitised(text, allowsColon: false)
        // Prometheus keeps names with two underscores, a bucket's bound and a summary's share for itself.
        guard name.hasPrefix("__") || name == "le" || name == "quantile" else { return name }
        return String(("label_" + name).prefix(Limits.metricNameBytesMax))
    }

    /// Backslash, quotation mark and line feed escaped; what is too long ends in `…`.
    package static func labelValue(_ text: String) -> String {
        var result = ""
        var byteCount = 0
        for scalar in text.unicodeScalars {
            byteCount += UTF8.width(scalar)
            if byteCount > Limits.metricLabelBytesMax { return result + "…" }
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A help text on one line.
    package static func help(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += ["\\", "\\"]
            case "\n": result += ["\\", "n"]
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    package static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Whole numbers as such, up to where a Double holds them all.
        return abs(value) <= 0x1p53 && value == value.rounded() ? String(Int64(clamping: value)) : "\(value)"
    }

    private static let reservedEndings = ["_total", "_count", "_sum", "_bucket"]

    private static func sanitised(_ text: String, allowsColon: Bool) -> String {
        var name = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(Limits.metricNameBytesMax) {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": name.append(scalar)
            case "0"..."9":
                if name.isEmpty { name.append("_") }
                name.append(scalar)
            case ":" where allowsColon: name.append(scalar)
            default: name.append("_")
            }
        }
        guard !name.isEmpty else { return "_" }
        return String(String(name).prefix(Limits.metricNameBytesMax))
    }
}
