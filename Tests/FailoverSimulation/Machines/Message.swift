// SPDX-License-Identifier: MIT
import BitNetCore

/// What travels on connections, as values: how they are written is none of this simulation's business.
enum Message {
    // Handshake.
    case hello(Hello)
    case welcome(Welcome)
    case refusal(Refusal)
    // Control connection.
    case heartbeat(UInt64)
    case heartbeatReply(HeartbeatReply)
    case assignment(Assignment)
    /// Parts that are whole on disk.
    case storeStatus(Set<ContentDigest>)
    case ready
    case link(stage: Int)
    case linked
    case release
    case released
    case fault(isLink: Bool, String)
    // Weights connection.
    case partOffer(PartFile, transfer: UInt64)
    case partChunk(transfer: UInt64, offset: UInt64, byteCount: Int)
    case partEnd(transfer: UInt64)
    case partStatus(transfer: UInt64, ContentDigest, presentByteCount: UInt64, isComplete: Bool)
    case partProgress(transfer: UInt64, writtenByteCount: UInt64)
    case partResult(transfer: UInt64, ContentDigest, isAccepted: Bool)
    // Stages; with the session that they are of, which no real frame carries: its connection belongs to it.
    case item(PipelineItem, hop: [UInt64], session: UInt64)
    case outcome(StepOutcome, session: UInt64)

    enum Role {
        case control
        case weights
        case steps
        case link
        case outcomes
    }

    struct Hello {
        let role: Role
        let session: UInt64
        /// Who asks.
        let node: String
        let version: Int
        /// The stage that is meant.
        var stage: Int?
    }

    struct Welcome {
        /// Which process answers.
        let processID: UInt64
        let memoryByteCount: UInt64
    }

    enum Refusal {
        case busy
        case releasing
        case version
        case session
        case node
    }

    struct HeartbeatReply {
        let sequence: UInt64
        let stages: [StageFigures]
    }

    struct StageFigures {
        let index: Int
        let stepCount: UInt64
        let receivedByteCount: UInt64
        let sentByteCount: UInt64
    }

    /// All stages of one worker.
    struct Assignment {
        struct Stage {
            let index: Int
            let layers: LayerRange
            let next: (host: Int, processID: UInt64)?
        }

        let stages: [Stage]
        let slotCount: Int
        let parts: [PartReference]
        /// What the stages take in memory.
        let memoryByteCount: UInt64
    }

    /// Bytes on the wire, where somebody counts them.
    var byteCount: UInt64 {
        switch self {
        case .item(.step(let step), let hop, _):
            UInt64(clamping: 32 + 20 * step.entries.count + 8 * hop.count)
        case .item: 64
        case .outcome(let outcome, _): UInt64(clamping: 32 + 16 * outcome.results.count)
        default: 0
        }
    }
}
