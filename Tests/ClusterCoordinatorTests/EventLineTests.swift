// SPDX-License-Identifier: MIT
import BitNetCore
import ClusterCoordinator
import Logging
import Testing

@Suite struct EventLineTests {
    @Test func `what should not stay so is a warning in logs and on terminals`() {
        let line = EventLine(.warning("the disk is full"))
        #expect(line.level == .warning && line.message == "the disk is full")
        #expect(line.notice.lines == ["warning: the disk is full"])
        #expect(EventLine(.remark("a spare")).level == .info)
    }
}
