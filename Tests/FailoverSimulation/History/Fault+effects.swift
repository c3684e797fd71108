// SPDX-License-Identifier: MIT
import ClusterCoordinator

extension Fault {
    /// Lets it happen, and its end later.
    func begin(in world: World) {
        world.journal.note("fault: \(kind) for \(duration)")
        let end = effect(in: world)
        world.timeline.after(duration) {
            world.journal.note("over: \(kind)")
            end()
        }
    }

    /// - Returns: what undoes it.
    private func effect(in world: World) -> () -> Void {
        let network = world.network
        switch kind {
        case .killed(let worker), .off(let worker), .wiped(let worker), .otherVersion(let worker):
            return death(of: worker, in: world)
        case .flapping(let worker, let millis):
            flap(worker, every: .milliseconds(millis), until: end, in: world)
            return { if world.workers[worker] == nil { world.start(worker: worker) } }
        case .paused(let index):
            let worker = world.workers[index]
            worker?.pause()
            return { worker?.resume() }
        case .stuck(let index):
            world.workers[index]?.stuckUntil = world.timeline.micros + duration.micros
            return {}
        case .cut(let from, let to):
            network.block(from: from, to: to)
            return { network.unblock(from: from, to: to) }
        case .isolated(let host):
            return isolation(of: host, in: network)
        case .slow(let from, let to, let micros):
            network.slow(from: from, to: to, by: .microseconds(micros))
            return { network.slow(from: from, to: to, by: .microseconds(-micros)) }
        case .diskFull(let worker):
            world.disk(of: worker).isFull = true
            return { world.disk(of: worker).isFull = false }
        case .flipped(let worker, let count):
            world.disk(of: worker).damagedCount = count
            for index in 0..<count { world.disk(of: worker).damage(index * 7) }
            return {}
        case .coordinatorKilled, .coordinatorOff, .coordinatorPaused, .secondCoordinator, .supplanted,
            .drained, .replanned:
            return coordinatorEffect(in: world)
        }
    }

    private func isolation(of host: Int, in network: Network) -> () -> Void {
        let others = (0..<network.hostCount).filter { $0 != host }
        for other in others {
            network.block(from: host, to: other)
            network.block(from: other, to: host)
        }
        return {
            for other in others {
                network.unblock(from: host, to: other)
                network.unblock(from: other, to: host)
            }
        }
    }

    private func flap(_ worker: Int, every period: Duration, until end: Duration, in world: World) {
        guard world.timeline.time < end else { return }
        if world.workers[worker] == nil {
            world.start(worker: worker)
        } else {
            world.kill(worker: worker)
        }
        world.timeline.after(period) { flap(worker, every: period, until: end, in: world) }
    }

    private func death(of worker: Int, in world: World) -> () -> Void {
        switch kind {
        case .off, .wiped:
            world.kill(worker: worker, isSilent: true)
            world.network.turnOff(worker)
            if case .wiped = kind { world.disk(of: worker).wipe() }
            return {
                world.network.turnOn(worker)
                if world.workers[worker] == nil { world.start(worker: worker) }
            }
        case .otherVersion:
            world.kill(worker: worker)
            world.start(worker: worker, version: World.version - 1)
            return {
                world.kill(worker: worker)
                world.start(worker: worker)
            }
        default:
            world.kill(worker: worker)
            return { if world.workers[worker] == nil { world.start(worker: worker) } }
        }
    }

    private func coordinatorEffect(in world: World) -> () -> Void {
        let host = world.host(ofCoordinator: 0)
        switch kind {
        case .coordinatorKilled:
            world.kill(coordinator: 0, isSilent: false)
            return { world.start(coordinator: 0) }
        case .coordinatorOff:
            world.kill(coordinator: 0, isSilent: true)
            world.network.turnOff(host)
            return {
                world.network.turnOn(host)
                world.start(coordinator: 0)
            }
        case .coordinatorPaused:
            let coordinator = world.coordinators[0]
            coordinator?.pause()
            return { coordinator?.resume() }
        case .secondCoordinator:
            world.start(coordinator: 1)
            return { world.stop(coordinator: 1) }
        case .supplanted:
            let heal = isolation(of: host, in: world.network)
            world.timeline.after(min(.seconds(1), duration)) { world.start(coordinator: 1) }
            return {
                heal()
                world.stop(coordinator: 1)
            }
        case .drained(let worker):
            let name = world.setting.workers[worker].name
            world.coordinators[0]?.run { world.coordinators[0]?.interrupt { $0.drained.insert(name) } }
            return {
                world.coordinators[0]?.run { world.coordinators[0]?.interrupt { $0.drained.remove(name) } }
            }
        default:
            world.coordinators[0]?.run { world.coordinators[0]?.interrupt { $0.isAnew = true } }
            return {}
        }
    }
}
