// SPDX-License-Identifier: MIT

/// Of whom a message speaks.
package enum WorkerSubject {
    /// The worker's name and a colon, or nothing before a message that begins with the worker itself.
    package static func text(_ worker: String, before message: String) -> String {
        message.hasPrefix("worker \(worker) ") || message.hasPrefix("\(worker) ")
            || message.hasPrefix("\(worker):")
            ? "" : "\(worker): "
    }
}
