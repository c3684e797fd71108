// SPDX-License-Identifier: MIT
import BitNetCore
package import Logging

/// Writes each thing that is logged as one line, to standard error; never waits for whoever reads it.
package struct LogLineHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    package var logLevel: Logger.Level
    private let label: String
    private let format: LogFormat
    private let write: @Sendable (String) -> Void

    /// - Parameter write: takes whole lines, their ends included.
    package init(
        label: String, format: LogFormat, level: Logger.Level,
        write: @escaping @Sendable (String) -> Void = { StandardStream.error.write($0) }
    ) {
        self.label = label
        self.format = format
        logLevel = level
        self.write = write
    }

    /// The line that tells of lines which nobody will see, its end included.
    package static func dropped(_ count: UInt64, label: String, format: LogFormat) -> String {
        LogLine(
            milliseconds: WallClock.micros / 1000, level: .warning, label: label,
            message: "log lines were dropped, as nobody read them", metadata: ["count": "\(count)"]
        ).written(as: format) + "\n"
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var values = metadata
        if let provided = metadataProvider?.get() { values.merge(provided) { $1 } }
        if let error = event.error { values["error"] = "\(error.words)" }
        if let given = event.metadata { values.merge(given) { $1 } }
        let line = LogLine(
            milliseconds: WallClock.micros / 1000, level: event.level, label: label,
            message: event.message.description,
            metadata: values)
        write(line.written(as: format) + "\n")
    }
}
