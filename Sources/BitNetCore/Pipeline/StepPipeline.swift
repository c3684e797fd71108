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
    /// Finishes by throwing when a stage is lost.
    ///
    /// One consumer.
    var outcomes: AsyncThrowingStream<StepOutcome, any Error> { get }
    func close() async
}
