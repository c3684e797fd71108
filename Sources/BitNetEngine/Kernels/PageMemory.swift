// SPDX-License-Identifier: MIT
import CPlatform

/// Zeroed anonymous memory on a 64-byte boundary, huge pages where the system gives them.
///
/// Pages that nobody touches take no memory.
///
/// Safety: `@unchecked Sendable` because its owner either only reads it once it is filled, or is confined
/// to the stage's serial queue.
final class PageMemory: @unchecked Sendable {
    let start: UnsafeMutableRawPointer
    let byteCount: Int

    /// - Parameter purpose: what the memory is for, named in the error.
    /// - Throws: ``EngineError`` with code `outOfMemory`.
    init(byteCount: Int, for purpose: String) throws(EngineError) {
        guard byteCount > 0, let memory = bn_memory_allocate(byteCount) else {
            throw EngineError(
                .outOfMemory,
                "cannot allocate \(byteCount) bytes for \(purpose); give this worker fewer layers, "
                    + "fewer slots or a shorter context")
        }
        start = memory
        self.byteCount = byteCount
    }

    deinit {
        bn_memory_free(start, byteCount)
    }

    /// The values from byte `offset` on.
    func pointer<Element>(at offset: Int = 0, as _: Element.Type) -> UnsafeMutablePointer<Element> {
        (start + offset).assumingMemoryBound(to: Element.self)
    }
}
