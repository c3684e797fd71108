// SPDX-License-Identifier: MIT
package import ArgumentParser
package import BitNetCore

/// How keys and values are kept.
package struct CacheArguments: ParsableArguments {
    @Option(help: "KV cache: f32, f16 or int8.")
    package var cacheType = CacheType.f16

    package init() {}
}

/// How tokens are found in the output head.
package struct HeadArguments: ParsableArguments {
    @Option(
        help: """
            Output head: fast finds the same tokens by an int8 copy, for a byte more a value; exact does without.
            """)
    package var head = HeadType.fast

    package init() {}
}

/// What is kept free for a loss.
package struct ReserveArguments: ParsableArguments {
    @Flag(
        help: """
            Use workers only so far that the others have room for the layers of any one of them, with as many sequences \
            at a time.
            """)
    package var reserve = false

    package init() {}
}

/// What stages are asked to hold and to compute: the same for every program that runs or plans them.
package struct StageArguments: ParsableArguments {
    @Option(name: .shortAndLong, help: "Tokens that a sequence may hold; the model's context by default.")
    package var ctxSize: Int?

    @OptionGroup package var cache: CacheArguments
    @OptionGroup package var head: HeadArguments

    @Option(help: "Prompt tokens that travel in one step.")
    package var prefillChunk = 64

    @Option(
        help: ArgumentHelp(
            "Layers that stay together, behind which activations are rounded as between machines; 1 by default. Text "
                + "depends on it, so it is kept beside the converted weights until another one is given.",
            valueName: "n"))
    package var segmentLayers: Int?

    package init() {}

    package func validate() throws {
        guard segmentLayers.map({ (1...Limits.layersMax).contains($0) }) ?? true else {
            throw ValidationError("--segment-layers must be 1...\(Limits.layersMax)")
        }
        guard ctxSize.map({ $0 > 0 }) ?? true else { throw ValidationError("--ctx-size must be above 0") }
        guard (1...Limits.stepTokensMax / 2).contains(prefillChunk) else {
            throw ValidationError("--prefill-chunk must be 1...\(Limits.stepTokensMax / 2)")
        }
    }

    /// With nothing said of how many sequences.
    ///
    /// - Parameters:
    ///   - directory: where the coordinator keeps what was chosen; `nil` if nowhere.
    ///   - keepsSegments: whether what is chosen now is for later, too.
    /// - Throws: a usage error for a chunk whose steps would be too large for the model's hidden size;
    ///   ``SegmentChoiceError``.
    package func request(
        of model: ModelDescription, directory: String?, keepsSegments: Bool = false
    ) throws -> PipelineRequest {
        let most = StepLayout.prefillChunkMax(hidden: model.hiddenSize)
        guard prefillChunk <= most else {
            throw ValidationError(
                "--prefill-chunk must be 1...\(most) for \(model.name): a step carries \(model.hiddenSize) values for "
                    + "each of its tokens")
        }
        var request = PipelineRequest()
        request.contextLength = ctxSize
        request.cacheType = cache.cacheType
        request.prefillChunk = prefillChunk
        request.headType = head.head
        request.segmentLayers = try SegmentChoices.segmentLayers(
            of: model, wanted: segmentLayers, in: directory, keeps: keepsSegments)
        return request
    }
}

extension CacheType: ExpressibleByArgument {}
extension HeadType: ExpressibleByArgument {}
