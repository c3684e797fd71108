// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterGateway
import NIOCore

/// Reads a body as every route of the public API does.
enum RequestTarget {
    static func run(_ bytes: [UInt8]) throws(FuzzFinding) -> FuzzTarget.Outcome {
        guard bytes.count <= Limits.requestBodyBytesMax else { return .refused("larger than a body may be") }
        let body = ByteBuffer(bytes: bytes)
        var refusals: [APIError] = []
        for route in RequestBodies.allCases {
            guard let refusal = route.refusal(of: body) else { continue }
            guard refusal.statusCode == 400 else { throw FuzzFinding("\(route): \(refusal.statusCode)") }
            try FuzzFinding.check(message: refusal.message)
            if let parameter = refusal.parameter { try FuzzFinding.check(message: parameter) }
            refusals.append(refusal)
        }
        guard refusals.count == RequestBodies.allCases.count else { return .accepted }
        return .refused(refusals.map(\.message).joined(separator: "; "))
    }
}
