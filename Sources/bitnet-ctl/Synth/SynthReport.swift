// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats
import BitNetSynthesis
import ClusterCoordinator

/// What has been written.
struct SynthReport {
    let model: SyntheticModel
    let type: SyntheticFormat.Kind
    let output: ModelOutput
    let duration: Duration
    /// One a file, in their order.
    let digests: [ContentDigest]?

    private var seconds: Double { duration / .seconds(1) }
    private var gigabytesPerSecond: Double { seconds > 0 ? Double(output.byteCount) / seconds / 1e9 : 0 }

    private var files: [JSONValue] {
        output.files.enumerated().map { index, file in
            var members: [(key: String, value: JSONValue)] = [
                ("path", .text(file.path)), ("bytes", .integer(file.byteCount)),
            ]
            if let digests { members.append(("sha256", .text(digests[index].hex))) }
            return .object(members)
        }
    }

    var json: JSONValue {
        .object([
            ("model", .text(model.description.name)), ("type", .text(type.rawValue)),
            ("seed", .integer(Int(truncatingIfNeeded: model.seed))),
            ("parameters", .integer(model.parameterCount)),
            ("path", .text(output.directory ?? output.files[0].path)), ("bytes", .integer(output.byteCount)),
            ("seconds", .number(seconds)), ("gigabytes_per_second", .number(gigabytesPerSecond)),
            ("files", .list(files)),
        ])
    }

    var text: String {
        let lines = output.files.enumerated().map { index, file in
            "\(file.path)  \(file.byteCount) bytes" + (digests.map { "  sha256 \($0[index].hex)" } ?? "")
        }
        return lines.joined(separator: "\n")
            + "\n\(seconds.text(places: 1)) s, \(gigabytesPerSecond.text(places: 2)) GB/s\n"
    }
}
