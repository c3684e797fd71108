// SPDX-License-Identifier: MIT

/// Bounds of what an operator is told, and of what his program reads from a coordinator or a gateway.
extension Limits {
    /// Failures, reasons and hints that a status tells of: what a screen has room for.
    package static let statusFailuresMax = 8
    /// Events that are kept for readers that come late.
    package static let eventsKeptMax = 1024
    /// Samples of the throughput that a coordinator keeps, one every ten seconds: those of an hour.
    package static let historySamplesMax = 360
    /// Workers whose busy shares stand in each of them: all of a cluster that a screen can show, in one MiB.
    package static let historyWorkersMax = 64
    /// A document of the admin API, bytes: 1024 stages and a plan's notes take less than one MiB.
    package static let adminDocumentBytesMax = 4 << 20
    /// How long an answer of the admin API may take, and the beginning of one of the public API.
    package static let remoteTimeout: Duration = .seconds(10)
    /// How long a generation may take to begin, behind others in the queue, or to be all there if it is no stream.
    package static let generationTimeout: Duration = .seconds(1800)
    /// One server-sent event, bytes: a token with its alternatives takes a few kilobytes.
    package static let serverSentEventBytesMax = 1 << 20
    /// An answer of the public API that is no stream, bytes: a prompt's scores take about 100 a token.
    package static let completionBytesMax = 256 << 20
    /// Throughputs that a live screen remembers: what is drawn is a character each.
    package static let screenHistoryMax = 512
    /// Prompts that a cluster is checked with in one go.
    package static let verifiedPromptsMax = 1024
}
