// SPDX-License-Identifier: MIT
import AdminAPI
import BitNetCore

extension TopState {
    /// The picture: never wider or higher than the screen; its last line says what keys do.
    package func lines(width: Int, height: Int, clock: ClockText) -> [StyledLine] {
        guard height > 0, width > 0 else { return [] }
        let footer = footer(width: width)
        let room = max(height - footer.count, 0)
        let body = showsHelp ? Self.help : body(width: width, height: room, clock: clock)
        let padding = [StyledLine](repeating: StyledLine(), count: max(room - body.count, 0))
        return (Array(body.prefix(room)) + padding + footer.suffix(height)).map { $0.clipped(to: width) }
    }

    private func body(width: Int, height: Int, clock: ClockText) -> [StyledLine] {
        guard let status else { return [StyledLine("no status yet", .faint)] }
        let screen = StatusScreen(status, width: width, clock: clock, prefersBars: true)
        let below =
            screen.blocks + screen.spares + history(status, width: width) + screen.throughput + screen.notes
        let header = screen.header
        let table = scrolled(screen.stageTable, height: max(height - header.count - below.count, 4))
        return screen.clipped(header + table + below)
    }

    /// The table's header and as many stages as there is room for, from the one that was scrolled to.
    private func scrolled(_ table: [StyledLine], height: Int) -> [StyledLine] {
        guard table.count > height, let header = table.first else { return table }
        let rows = table.dropFirst()
        // One line for the header and one for what is not shown.
        let shown = max(height - 2, 1)
        let first = min(firstStage, max(rows.count - shown, 0))
        let above = first == 0 ? "" : "\(first) above, "
        return [header] + rows.dropFirst(first).prefix(shown)
            + [
                StyledLine(
                    "… \(above)\(max(rows.count - first - shown, 0)) below: arrows scroll", .faint)
            ]
    }

    private func history(_ status: ClusterStatus, width: Int) -> [StyledLine] {
        let highest = rates.compactMap(\.self).filter(\.isFinite).max()
        let label = "max \(FigureText.significant(highest)) tok/s"
        let room = max(width, 40) - TextFlow.labelColumns - label.columns - 1
        let strip = Bars.history(Array(rates), columns: max(min(room, rates.count), 0))
        guard !strip.isEmpty else { return [] }
        var line = StyledLine(strip, .good)
        line.append(" " + label, .faint)
        return TextFlow.items("tok/s", [line], width: max(width, 40))
    }

    private func footer(width: Int) -> [StyledLine] {
        let seconds = delaySeconds.text(places: delaySeconds == delaySeconds.rounded() ? 0 : 1)
        var keys = StyledLine(isPaused ? "PAUSED " : "", .warning)
        keys.append("q quit  p \(isPaused ? "go on" : "pause")  +/- every \(seconds) s  h help", .faint)
        guard let problem else { return [keys] }
        return TextFlow.paragraph("error", problem, .bad, width: width, linesMax: 3) + [keys]
    }

    private static let help = [
        "q        quit", "p        pause, or go on", "+ -      refresh less or more often",
        "up down  scroll the stages (k j)", "h        this, or back", "",
        "IDLE     share of the time in which a stage was not computing; BUSY is the rest",
        "COMPUTE  mean time of a step in the forward pass",
        "LINK ms  one way on the link that brings a stage its input, and MB/s what it carries,",
        "         both measured when the worker joined",
        "CORES    processors that the worker kept busy, of those it has",
        "<- slowest bounds the throughput of all",
    ].map { StyledLine($0) }
}
