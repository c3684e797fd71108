// SPDX-License-Identifier: MIT

/// A running program: it can be stopped and go on, and dies once.
class Program {
    let host: Int
    let network: Network
    private(set) var isAlive = true
    private(set) var isPaused = false
    /// What has come, or was due, while it was stopped.
    private var backlog: [(isTimer: Bool, body: () -> Void)] = []
    /// Connections that are open here.
    var ends: [End] = []

    init(on host: Int, of network: Network) {
        self.host = host
        self.network = network
        network.listeners[host] = self
    }

    var timeline: Timeline { network.timeline }

    /// Somebody has connected.
    func accept(_ end: End) { end.close() }

    /// Something happens to the program: now or, while it is stopped, when it goes on.
    func run(_ body: @escaping () -> Void) { run(isTimer: false, body) }

    private func run(isTimer: Bool, _ body: @escaping () -> Void) {
        guard isAlive else { return }
        if isPaused { backlog.append((isTimer, body)) } else { body() }
    }

    func after(_ delay: Duration, _ body: @escaping () -> Void) {
        timeline.after(delay) { [self] in run(isTimer: true, body) }
    }

    func pause() { isPaused = true }

    func resume() {
        isPaused = false
        if network.areTimersFirst() {
            backlog = backlog.filter(\.isTimer) + backlog.filter { !$0.isTimer }
        }
        while !backlog.isEmpty, isAlive, !isPaused { backlog.removeFirst().body() }
    }

    /// - Parameter isSilent: nobody is told, as the whole machine is gone.
    func die(isSilent: Bool) {
        isAlive = false
        backlog = []
        let ends = ends
        self.ends = []
        for end in ends { end.orphan(isSilent: isSilent) }
    }
}
