// SPDX-License-Identifier: MIT

/// The stages of one plan, wherever they run.
///
/// Items are taken in order; steps come back in order.
package protocol StepPipeline: Sendable {
    var stageCount: Int { get }
    /// Never blocks.
    ///
    /// The caller bounds what is in flight.
    func send(_ item: PipelineItem)
    /// Calls `receive` with every step that comes back, on whatever thread brings it; it must return at once.
    ///
    /// Returns when the pipeline is closed or the task is cancelled. One consumer.
    ///
    /// - Throws: why a stage is lost.
    func run(_ receive: @escaping @Sendable (StepOutcome) -> Void) async throws
    func close() async
}
