// SPDX-License-Identifier: MIT

/// Bounds of files and sockets that a process has open at a time.
extension Limits {
    /// What is asked for at most; beyond it, programs that go through all numbers take long.
    package static let descriptorsMax = 1 << 20
    /// What systems allow if they do not tell.
    package static let descriptorsUsual = 1024
    /// What a program needs that is to serve many; `connectionsMax` of a worker and some parts of a shard.
    package static let descriptorsFew = 256
    /// What HTTP leaves to workers, files and the runtime where there are many.
    package static let descriptorsKeptMax = 2048
}
