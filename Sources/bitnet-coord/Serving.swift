// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore
import BitNetFormats
import BitNetTokenizer
import ClusterConfig
import ClusterCoordinator
import ClusterGateway
import CommandLine
import Glibc
import Logging
import Metrics
import PipelineHost
import Telemetry
import TextGeneration

/// Serves users and operators until the program is told to end.
struct Serving {
    let model: ModelFile
    let codec: TextCodec
    let place: PipelinePlace
    let request: PipelineRequest
    let store: StoreOptions
    let options: ServeOptions
    /// How tokens are chosen where a request does not say it.
    let samplingDefaults: SamplingDefaults
    let log: Logger
    let console: Console
    private let standing = ClusterStanding()

    func run() async throws {
        let registry = registry
        MetricsSystem.bootstrap(PrometheusMetricsFactory(registry: registry))
        let droppedLines = DroppedLineCounter(of: StandardStream.error)
        let file = try place.clusterFile.map { try ClusterFile.load(path: $0) }
        let gatewayAt = try options.gateway(file)
        var adminAt = try options.administration()
        adminAt.keysBefore = gatewayAt.keys.count
        tellSurroundings(file)
        let coordinator = ServingCoordinator(
            subject: try subject(file), log: log, standing: file == nil ? nil : standing,
            failoverTimeout: .seconds(options.failoverTimeout), startTimeout: request.joinTimeout,
            metricsText: {
                droppedLines.update()
                return registry.text()
            })
        let gateway = Gateway(
            configuration: gatewayAt, generator: coordinator, reasoningFormat: options.reasoningFormat,
            log: log)
        let admin = AdminServer(
            configuration: adminAt, administration: coordinator, health: { coordinator.health },
            chat: OpenAIRoutes(
                generator: coordinator, metrics: GatewayMetrics(), reasoningFormat: options.reasoningFormat),
            log: log)
        let work = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await gateway.run { address in
                        let address = "\(options.scheme)://\(address.reachable)/v1"
                        coordinator.announce(gateway: address)
                        Program.closeDescriptorsOnExec()
                        log.info("listening", metadata: ["gateway": "\(address)"])
                    }
                }
                group.addTask {
                    try await admin.run { address in
                        Program.closeDescriptorsOnExec()
                        log.info("listening", metadata: ["admin": "\(options.scheme)://\(address.reachable)"])
                    }
                }
                group.addTask { try await coordinator.run(bringUp) }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
        let signals = Task {
            await Program.untilTerminated()
            await finishRequests(of: coordinator)
            work.cancel()
            Program.endSoon()
        }
        defer { signals.cancel() }
        do {
            try await work.value
        } catch is CancellationError {
            // It was told to end, and has.
        }
        log.info("stopped")
    }

    /// What an operator should know of at each start.
    private func tellSurroundings(_ file: ClusterFile?) {
        log.info("descriptors", metadata: ["allowed": "\(DescriptorLimit.allowed)"])
        if let warning = DescriptorLimit.warning() {
            log.warning("descriptors", metadata: ["advice": "\(warning)"])
        }
        if let warning = options.sslKeyFile.flatMap(KeyFile.permissionWarning) {
            log.warning("key file", metadata: ["advice": "\(warning)"])
        }
        for warning in [options.keyWarning, options.opennessWarning(file)].compactMap(\.self) {
            log.warning("open", metadata: ["advice": "\(warning)"])
        }
    }

    private var bringUp: PipelineSupervisor.BringUp {
        { generator, onEvent, body in
            var request = request
            request.warmsSpares = true
            let host = PipelineHost(
                model: model, place: place, request: request, template: codec.template,
                store: try store.store(for: model, console), standing: standing)
            try await host.run(generator, onEvent: onEvent, body)
        }
    }

    /// Lets requests that run come to their end, within the time that the operator gives.
    private func finishRequests(of coordinator: ServingCoordinator) async {
        let deadline = ContinuousClock.now + .seconds(options.drainTimeout)
        while coordinator.drain().remaining > 0, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    private var registry: PrometheusRegistry {
        PrometheusRegistry(
            definitions: MetricCatalogue.definitions,
            aliases: options.vllmMetrics ? MetricCatalogue.vllmAliases : [],
            aliasLabels: [("model_name", servedName)])
    }

    /// The model's name for users.
    private var servedName: String {
        options.alias ?? (model.description.name.isEmpty ? "model" : model.description.name)
    }

    private func subject(_ file: ClusterFile?) throws -> ServingCoordinator.Subject {
        let description = model.description
        let tokenizer = codec.tokenizer
        let context = min(request.contextLength ?? .max, description.contextLength)
        var served = ServedModel(
            id: servedName,
            createdAt: Int64(clamping: time(nil)), contextLength: context,
            vocabularySize: description.vocabularySize, parameterCount: model.parameterCount,
            hasChatTemplate: codec.template != nil,
            beginningMarker: tokenizer.beginningToken.map(tokenizer.text),
            endMarker: tokenizer.stopTokens.min().map(tokenizer.text))
        served.answerForm = codec.answerForm
        served.samplingDefaults = samplingDefaults
        served.readsTools = codec.template?.traits.readsTools ?? false
        let workers =
            file?.workers.filter { !$0.isSpare }.map {
                ServingState.Worker(name: $0.name, address: "\($0.address)")
            } ?? [ServingState.Worker(name: "local", address: "")]
        return ServingCoordinator.Subject(
            cluster: file?.cluster ?? "local",
            model: ModelStatus(
                name: description.name, parameterCount: model.parameterCount,
                layerCount: description.layerCount, hiddenSize: description.hiddenSize,
                vocabularySize: description.vocabularySize, contextLength: context,
                cacheType: request.cacheType.rawValue, segmentLayers: request.segmentLayers),
            served: served,
            codec: codec, workers: workers, spares: file?.workers.filter(\.isSpare).map(\.name) ?? [])
    }
}
