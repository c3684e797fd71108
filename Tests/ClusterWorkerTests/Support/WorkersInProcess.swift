// SPDX-License-Identifier: MIT
import Testing

/// Workers in this process, and coordinators that are played or real.
///
/// One test after another: loaders of stages that wait for parts hold threads that the disk's work of others needs.
@Suite(.serialized) enum WorkersInProcess {}
