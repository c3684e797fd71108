// SPDX-License-Identifier: MIT
import ClusterWire
import TestSupport

/// Which way a frame goes on a connection of a worker that listens.
enum Direction: Equatable, Sendable {
    case toWorker
    case fromWorker

    var opposite: Direction { self == .toWorker ? .fromWorker : .toWorker }
}

/// A frame of an honest dialogue at which a hostile member does something else.
struct Place: Equatable, Sendable {
    /// Of the worker that listens.
    var worker: Int
    var role: ConnectionRole
    var direction: Direction
    var type: FrameType
    /// How many such frames come before it.
    var count: Int

    /// A frame that a history's cluster exchanges after the handshake.
    ///
    /// The last frame of that stands for a connection's beginning.
    static func drawn(in history: History, _ random: inout SeededGenerator) -> Place {
        let workerCount = history.workerCount
        let kinds = kinds.filter { kind in
            switch (kind.role, kind.type) {
            case (.weights, _): !history.isPrepared
            case (.link, _), (_, .link), (_, .linked): workerCount > 1
            case (_, .probeLinks), (_, .linksProbed): workerCount > 1 && history.isMeasured
            case (.probe, _), (_, .measure), (_, .measured): history.isMeasured
            default: true
            }
        }
        let kind = kinds[random.roll(0...kinds.count - 1)]
        let worker =
            switch (kind.role, kind.type) {
            case (.steps, _), (_, .link), (_, .linked): 0
            case (.outcomes, _), (.link, _): workerCount - 1
            default: random.roll(0...workerCount - 1)
            }
        let isRepeated =
            kind.role == .weights || kind.role == .probe || kind.type == .step || kind.type == .outcome
        return Place(
            worker: worker, role: kind.role, direction: kind.direction, type: kind.type,
            count: isRepeated ? random.roll(0...2) : 0)
    }

    private static let kinds: [(role: ConnectionRole, direction: Direction, type: FrameType)] = [
        (.control, .fromWorker, .welcome), (.control, .toWorker, .heartbeat),
        (.control, .fromWorker, .heartbeatReply), (.control, .toWorker, .measure),
        (.control, .fromWorker, .measured), (.control, .toWorker, .probeLinks),
        (.control, .fromWorker, .linksProbed), (.probe, .fromWorker, .welcome), (.probe, .toWorker, .probe),
        (.probe, .fromWorker, .probed), (.control, .toWorker, .assignment),
        (.control, .fromWorker, .storeStatus), (.control, .fromWorker, .ready), (.control, .toWorker, .link),
        (.control, .fromWorker, .linked), (.control, .toWorker, .release), (.control, .fromWorker, .released),
        (.weights, .fromWorker, .welcome), (.weights, .toWorker, .partOffer),
        (.weights, .fromWorker, .partStatus), (.weights, .toWorker, .partChunk),
        (.weights, .fromWorker, .partProgress), (.weights, .toWorker, .partEnd),
        (.weights, .fromWorker, .partResult), (.steps, .fromWorker, .welcome), (.steps, .toWorker, .opening),
        (.steps, .toWorker, .step), (.steps, .toWorker, .closing), (.link, .fromWorker, .welcome),
        (.link, .toWorker, .opening), (.link, .toWorker, .step), (.link, .toWorker, .closing),
        (.outcomes, .fromWorker, .welcome), (.outcomes, .fromWorker, .outcome),
    ]
}

/// What a hostile member does instead of passing a frame on as it is.
enum Action: Equatable, Sendable {
    case dropped
    case repeated(Int)
    /// Comes behind so many later ones.
    case held(Int)
    /// Fields have drawn values.
    case fields(seed: UInt64)
    /// Fields have these values, as they are written behind a message.
    case appended([UInt8])
    case stream(UInt64)
    case typed(FrameType)
    /// Only so many bytes come, and then the end.
    case cut(Int)
    /// A byte of the header is another one.
    case damaged(Int, UInt8)
    /// So many drawn ones come as well.
    case inserted(FrameType, seed: UInt64, Int, Direction)
    case closed
    /// Nothing goes this way any more.
    case quiet
    /// Nothing goes any way on all connections of the worker.
    case unplugged
    /// Another connection is opened, and drawn frames are sent on it.
    case dialled(ConnectionRole, seed: UInt64)
}

struct Deviation: Equatable, Sendable, CustomStringConvertible {
    var place: Place
    var action: Action

    init(_ place: Place, _ action: Action) {
        self.place = place
        self.action = action
    }

    init(
        _ worker: Int, _ role: ConnectionRole, _ direction: Direction, _ type: FrameType, _ count: Int,
        _ action: Action
    ) {
        self.init(
            Place(worker: worker, role: role, direction: direction, type: type, count: count), action)
    }

    /// Swift that makes it.
    var description: String {
        "Deviation(\(place.worker), .\(place.role), .\(place.direction), .\(place.type), \(place.count), \(action.spelt(at: place.type).code))"
    }
}

extension Action {
    /// The same without a seed, whose draws may change with the generator, if it is short enough.
    fileprivate func spelt(at type: FrameType) -> Action {
        guard case .fields(let seed) = self, let fields = RawFrame.fields(of: type, seed: seed),
            fields.count <= 64
        else { return self }
        return .appended(fields)
    }

    fileprivate var code: String {
        switch self {
        case .dropped: ".dropped"
        case .repeated(let count): ".repeated(\(count))"
        case .held(let count): ".held(\(count))"
        case .fields(let seed): ".fields(seed: \(seed))"
        case .appended(let bytes): ".appended(\(bytes))"
        case .stream(let stream): ".stream(\(stream))"
        case .typed(let type): ".typed(.\(type))"
        case .cut(let count): ".cut(\(count))"
        case .damaged(let place, let value): ".damaged(\(place), \(value))"
        case .inserted(let type, let seed, let count, let way):
            ".inserted(.\(type), seed: \(seed), \(count), .\(way))"
        case .closed: ".closed"
        case .quiet: ".quiet"
        case .unplugged: ".unplugged"
        case .dialled(let role, let seed): ".dialled(.\(role), seed: \(seed))"
        }
    }

    static func drawn(at type: FrameType, _ random: inout SeededGenerator) -> Action {
        let seed = random.next() >> 32
        let other = FrameType.allCases.randomElement(using: &random) ?? .hello
        // The handshake itself is left alone.
        switch type == .welcome ? random.roll(14...20) : random.roll(0...20) {
        case 0: return .dropped
        case 1: return .repeated(random.once(in: 8) ? 300 : random.roll(1...3))
        case 2: return .held(random.roll(1...3))
        case 3...9: return .fields(seed: seed)
        case 10: return .stream(Extremes.integer(&random))
        case 11: return .typed(other)
        case 12: return .cut(random.roll(0...64))
        case 13: return .damaged(random.roll(0...23), UInt8(random.roll(0...255)))
        case 14...17:
            return .inserted(
                other, seed: seed, random.once(in: 8) ? 300 : random.roll(1...2),
                random.once(in: 2) ? .toWorker : .fromWorker)
        case 18: return .closed
        case 19: return random.once(in: 4) ? .unplugged : .quiet
        default:
            // Who takes over with the key is served, and the next one is not: no fault.
            let roles = ConnectionRole.allCases.filter { $0 != .takeOver }
            return .dialled(roles.randomElement(using: &random) ?? .control, seed: seed)
        }
    }
}
