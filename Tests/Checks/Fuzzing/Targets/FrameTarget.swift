// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterWire
import NIOCore

/// Cuts a stream into frames and reads what each carries, as a member's connection does.
enum FrameTarget {
    static func run(_ bytes: [UInt8]) throws(FuzzFinding) -> FuzzTarget.Outcome {
        let (frames, ending) = cut(bytes, piece: bytes.count)
        let (framesAgain, endingAgain) = cut(bytes, piece: 7)
        guard frames == framesAgain, ending == endingAgain else {
            throw FuzzFinding("what is read depends on how the stream was cut")
        }
        var refusals = ending.map { [$0] } ?? []
        for frame in frames {
            if let refusal = try refusal(of: frame) { refusals.append(refusal) }
        }
        if let first = refusals.first { return .refused(first) }
        return frames.isEmpty ? .refused("not one frame") : .accepted
    }

    /// The frames of a stream that arrives in pieces, and the error after them.
    static func cut(_ bytes: [UInt8], piece: Int) -> ([Frame], String?) {
        var decoder = FrameDecoder()
        var frames: [Frame] = []
        var rest = bytes[...]
        do throws(WireError) {
            repeat {
                decoder.append(ByteBuffer(bytes: rest.prefix(max(piece, 1))))
                rest = rest.dropFirst(max(piece, 1))
                while let frame = try decoder.next() { frames.append(frame) }
            } while !rest.isEmpty
        } catch {
            return (frames, error.message)
        }
        return (frames, nil)
    }

    /// Reads the frame; what was read is written, and must be read as the same again.
    private static func refusal(of frame: Frame) throws(FuzzFinding) -> String? {
        let isSame: Bool
        do throws(WireError) {
            isSame = try isStable(frame)
        } catch {
            return error.message
        }
        guard isSame else { throw FuzzFinding("a \(frame.type) is read in another way than it was written") }
        return nil
    }

    private static func isStable(_ frame: Frame) throws(WireError) -> Bool {
        switch frame.type {
        case .step:
            let step = try StepFrame.decode(frame)
            guard step.hidden == 0 else { return true }
            return try StepFrame.encode(step.step) == frame
        case .outcome:
            let written = try OutcomeFrame.encode(OutcomeFrame.decode(frame))
            return try OutcomeFrame.encode(OutcomeFrame.decode(written)) == written
        case .partChunk:
            _ = try PartChunk.decode(frame.payload)
            return true
        default:
            guard let message = messages.first(where: { $0.frameType == frame.type }) else { return true }
            return try isStable(message, frame.payload)
        }
    }

    private static func isStable<Message: ControlMessage>(
        _: Message.Type, _ payload: ByteBuffer
    ) throws(WireError) -> Bool {
        let written = try Message.decode(payload).encode()
        return try Message.decode(written).encode() == written
    }

    private static let messages: [any ControlMessage.Type] = [
        Hello.self, HelloReply.self, Proof.self, Welcome.self, Refusal.self, Heartbeat.self,
        HeartbeatReply.self,
        Assignment.self, StoreStatus.self, Ready.self, Fault.self, Link.self, Linked.self, Release.self,
        Released.self, Measure.self, Measured.self, ProbeLinks.self, LinksProbed.self, Examine.self,
        Examination.self, PartOffer.self, PartStatus.self, PartResult.self, PartProgress.self, Opening.self,
        Closing.self,
    ]
}
