// SPDX-License-Identifier: MIT
import BitNetCore
import NIOCore

/// Rests for a while when a connection cannot be accepted.
///
/// The listener stays readable then, and its event loop would try again without end.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let places: ConnectionPlaces
    private var isResting = false

    /// - Parameter places: of which an idle one makes room.
    init(places: ConnectionPlaces) {
        self.places = places
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.fireErrorCaught(error)
        guard error is IOError, context.channel.isActive, !isResting else { return }
        isResting = true
        places.makeRoom()
        let channel = context.channel
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(Limits.acceptPause)) {
            self.isResting = false
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }
}
