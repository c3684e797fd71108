// SPDX-License-Identifier: MIT
import CFuzzing
import FuzzTargets
import Glibc

/// Which reader this process fuzzes: libFuzzer passes its arguments through, so the environment says it.
private let target: FuzzTarget = {
    let name = getenv("BITNET_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        note("BITNET_FUZZ_TARGET must be one of \(FuzzTarget.allCases.map(\.rawValue))")
        exit(64)
    }
    return target
}()

/// At once, for the process may be about to end.
private func note(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
}

/// Called once by libFuzzer.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_: UnsafeMutableRawPointer?, _: UnsafeMutableRawPointer?) -> CInt {
    _ = target
    bn_fuzz_install()
    atexit { note("stat::allocation_peak_bytes:    \(bn_fuzz_largest_peak())") }
    return 0
}

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeBufferPointer(start: start, count: count))
    bn_fuzz_begin(target.allocationMax(inputByteCount: count))
    defer { bn_fuzz_end() }
    do throws(FuzzFinding) {
        _ = try target.run(input)
    } catch {
        note("finding: \(error)")
        abort()
    }
    return 0
}
