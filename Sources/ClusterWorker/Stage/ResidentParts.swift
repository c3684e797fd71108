// SPDX-License-Identifier: MIT
package import BitNetCore
package import BitNetEngine
import Synchronization

/// The weights of the last session's stages and what they knew of sequences, kept in memory for a while after it: a
/// coordinator that comes again, or places layers anew, finds them loaded, and need not have computed again what was.
///
/// Nothing of it is in the way of the next stages: what they have no use for is freed before they load.
package final class ResidentParts: Sendable {
    /// Two kinds of a model may be the same bytes in different layouts: a tied head and its embedding.
    private struct Key: Hashable {
        /// With its size, which the account of the stage's memory rests on.
        let file: PartFile
        let isHead: Bool

        init(_ part: PartReference) {
            file = part.file
            isHead = part.kind == .head
        }
    }

    private struct State {
        /// Whose parts they are.
        ///
        /// The same bytes under another description would be read in other sizes than they have.
        var model: ModelDescription?
        var parts: [Key: ResidentPart] = [:]
        /// What is known of sequences, and from what it follows besides their tokens.
        var states: (name: ContentDigest, kept: [KeptStates])?
        /// What all of that takes at most.
        var byteCount: UInt64 = 0
        var expiry: Task<Void, Never>?
    }

    private let linger: Duration
    private let state = Mutex(State())

    /// - Parameter linger: how long weights are kept that nobody uses.
    package init(linger: Duration) {
        self.linger = linger
    }

    /// Those of a worker's stages that are there; all others are freed.
    package func claim(
        _ wantedParts: [PartReference], of model: ModelDescription
    ) -> [PartReference.Kind: ResidentPart] {
        state.withLock { state in
            state.expiry?.cancel()
            state.expiry = nil
            guard state.model == model else {
                state.parts = [:]
                state.states = nil
                return [:]
            }
            var wanted = Dictionary(wantedParts.map { (Key($0), $0.kind) }) { first, _ in first }
            // A stage with both has a tied table once: a head that came alone would be a second one.
            let lacksEmbedding = wantedParts.contains {
                $0.kind == .embedding && state.parts[Key($0)] == nil
            }
            if model.hasTiedHead, lacksEmbedding { wanted = wanted.filter { !$0.key.isHead } }
            state.parts = state.parts.filter { wanted[$0.key] != nil }
            return Dictionary(
                state.parts.compactMap { key, part in wanted[key].map { ($0, part) } }
            ) { first, _ in first }
        }
    }

    /// Keeps the weights of stages of one model that compute no more.
    package func keep(_ stages: [(weights: StageWeights, manifest: ShardManifest)]) {
        let parts = stages.flatMap { weights, manifest in
            manifest.parts.compactMap { part in weights.resident(part.kind).map { (Key(part), $0) } }
        }
        state.withLock { state in
            state.model = stages.first?.manifest.model
            state.parts = Dictionary(parts) { first, _ in first }
            state.byteCount = stages.reduce(0) { $0 + $1.weights.byteCount }
            expire(&state)
        }
    }

    /// Keeps what stages that compute no more knew of sequences, as long as their weights.
    ///
    /// - Parameter name: of what it follows from besides their tokens.
    package func keep(_ states: [KeptStates], named name: ContentDigest) {
        state.withLock { state in
            guard !state.parts.isEmpty, !states.isEmpty else { return }
            state.states = (name, states)
            state.byteCount += states.reduce(0) { $0 + $1.byteCount }
        }
    }

    /// What can serve stages of what is known of sequences; everything else is freed.
    ///
    /// What one stage has left goes to one stage, as it is written on.
    ///
    /// - Parameter room: bytes that the stages leave free.
    /// - Returns: of each of `stages`.
    package func claimStates(
        named name: ContentDigest?, by stages: [LayerRange], of model: ModelDescription,
        _ settings: StageSettings, room: UInt64
    ) -> [KeptStates?] {
        state.withLock { state in
            var left = state.states.flatMap { name == $0.name ? $0.kept : nil } ?? []
            var room = room
            let claimed = stages.map { layers -> KeptStates? in
                let found = left.enumerated().compactMap { index, kept in
                    kept.claimed(by: layers, of: model, settings, room: room).map { (index, $0) }
                }
                guard let best = found.max(by: { $0.1.layerCount < $1.1.layerCount }) else { return nil }
                left.remove(at: best.0)
                // Hops within it, which it keeps beyond what it is counted with.
                room -= min(room, best.1.extraByteCount(of: layers))
                return best.1
            }
            let kept = claimed.compactMap(\.self)
            state.states = kept.isEmpty ? nil : name.map { ($0, kept) }
            return claimed
        }
    }

    /// Frees everything if it leaves too little for something else that is done before the next stage.
    ///
    /// - Parameters:
    ///   - byteCount: what that takes.
    ///   - limit: what this worker may use.
    package func makeRoom(for byteCount: UInt64, within limit: UInt64) {
        let isRoom = state.withLock { $0.byteCount <= limit && byteCount <= limit - $0.byteCount }
        if !isRoom { free() }
    }

    /// The stage has what it claimed; what it could not use after all is freed.
    package func settle() { free() }

    /// Nobody uses what is kept: it goes when its time is up.
    package func release() { state.withLock { expire(&$0) } }

    private func expire(_ state: inout State) {
        state.expiry?.cancel()
        guard linger > .zero else {
            state.parts = [:]
            state.states = nil
            return
        }
        guard !state.parts.isEmpty else { return }
        let linger = linger
        state.expiry = Task { [weak self] in
            try? await Task.sleep(for: linger)
            if !Task.isCancelled { self?.free() }
        }
    }

    private func free() {
        state.withLock { state in
            state.parts = [:]
            state.states = nil
        }
    }
}
