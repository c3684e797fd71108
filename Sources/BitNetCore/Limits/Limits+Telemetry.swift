// SPDX-License-Identifier: MIT

/// Bounds of metrics and log lines. Tested at the limit and one past it.
extension Limits {
    // MARK: Metrics

    /// Time series of one process; a histogram is one for each of its lines.
    ///
    /// 14 for each of 1024 workers, and some.
    package static let metricSeriesMax = 16_384
    /// A metric's or label's name, bytes.
    package static let metricNameBytesMax = 128
    /// A label's value, bytes of UTF-8: an address and its name.
    package static let metricLabelBytesMax = 256
    /// Labels of one series.
    package static let metricLabelsMax = 16

    // MARK: Logs

    /// A message, or one value beside it, bytes of UTF-8 before it is escaped.
    package static let logValueBytesMax = messageBytesMax
    /// A name beside a message, dots included, bytes.
    package static let logKeyBytesMax = 128
    /// Values beside one message.
    package static let logValuesMax = 64
    /// Lines that wait until somebody reads the log, bytes: some thousand lines.
    package static let logQueueBytesMax = 1 << 20
    /// What the last lines may take until they are out when a program ends.
    package static let logFlushTime = Duration.seconds(1)
    /// Values inside each other; what flattening recurses into.
    package static let logDepthMax = 8
}
