// SPDX-License-Identifier: MIT
public import ArgumentParser
import BitNetCore
public import Logging
package import Telemetry

/// What programs that run for long are asked to log, and how.
package struct LogOptions: ParsableArguments {
    @Option(help: "What is logged on standard error.")
    package var logLevel = Logger.Level.info

    @Option(help: "How it is written: text for people, or json with one object on each line.")
    package var logFormat = LogFormat.text

    package init() {}

    package func logger(_ label: String) -> Logger {
        StandardStream.error.tellDropped { [logFormat] count in
            LogLineHandler.dropped(count, label: label, format: logFormat)
        }
        let logger = Logger(label: label) { LogLineHandler(label: $0, format: logFormat, level: logLevel) }
        let remarks = Program.takeRemarks()
        for warning in remarks.warnings { logger.warning("environment", metadata: ["advice": "\(warning)"]) }
        for name in remarks.ignored {
            logger.debug(
                "environment", metadata: ["variable": "\(name)", "meaning": "of a service, ignored"])
        }
        return logger
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
extension LogFormat: ExpressibleByArgument {}
