// SPDX-License-Identifier: MIT
import Glibc
import OperatorLogic

/// What standard output can show.
enum OutputScreen {
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    static var isColoured: Bool { isColoured(STDOUT_FILENO) }
    /// The same of standard error.
    static var isErrorColoured: Bool { isColoured(STDERR_FILENO) }

    /// A terminal whose user did not ask for no colours: https://no-color.org.
    private static func isColoured(_ descriptor: Int32) -> Bool {
        isatty(descriptor) == 1 && (variable("NO_COLOR") ?? "").isEmpty && variable("TERM") != "dumb"
    }

    /// The terminal's size, else `COLUMNS` or what a report is laid out for.
    static var size: (columns: Int, rows: Int) {
        var size = winsize()
        if isTerminal, ioctl(STDOUT_FILENO, UInt(clamping: TIOCGWINSZ), &size) == 0, size.ws_col > 0,
            size.ws_row > 0
        {
            return (Int(clamping: size.ws_col), Int(clamping: size.ws_row))
        }
        let columns = variable("COLUMNS").flatMap { Int($0, radix: 10) } ?? 96
        return (min(max(columns, 20), 1000), 24)
    }

    /// Times of day here and now.
    static var clock: ClockText {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        return ClockText(zoneOffsetSeconds: parts.tm_gmtoff)
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
