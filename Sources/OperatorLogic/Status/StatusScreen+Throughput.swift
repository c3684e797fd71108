// SPDX-License-Identifier: MIT
import AdminAPI

extension StatusScreen {
    /// How fast text is written, how long users wait, and how many do.
    var throughput: [StyledLine] {
        TextFlow.items("decode", rates, width: width) + TextFlow.items("times", times, width: width)
            + TextFlow.items("queue", queue, width: width)
    }

    private var rates: [StyledLine] {
        let figures = status.throughput
        var items: [StyledLine] = []
        if let alone = figures.aloneTokensPerSecond {
            let source = figures.isAloneMeasured ? "C=1" : "C=1, planned"
            items.append(StyledLine("\(FigureText.significant(alone)) tok/s alone (\(source))"))
        }
        if figures.decodeTokensPerSecond != 0 || figures.activeSequences != 0 {
            var total = StyledLine(FigureText.significant(figures.decodeTokensPerSecond), .strong)
            total.append(" tok/s total (C=\(FigureText.whole(figures.activeSequences)))")
            items.append(total)
        } else if ![.starting, .recovering, .down].contains(status.state) {
            items.append(StyledLine("idle", .faint))
        }
        if let planned = figures.plannedTokensPerSecond {
            items.append(
                StyledLine(
                    "\(FigureText.significant(planned)) planned (C=\(FigureText.count(status.queue.slots)))"))
        }
        if figures.prefillTokensPerSecond > 0 {
            items.append(
                StyledLine("\(FigureText.significant(figures.prefillTokensPerSecond)) tok/s of prompts"))
        }
        return items
    }

    private var times: [StyledLine] {
        let figures = status.throughput
        var items: [StyledLine] = []
        if figures.timeToFirstTokenP50Milliseconds != nil || figures.timeToFirstTokenP95Milliseconds != nil {
            let text = FigureText.milliseconds(
                figures.timeToFirstTokenP50Milliseconds, figures.timeToFirstTokenP95Milliseconds)
            items.append(StyledLine("first token p50/p95 \(text)"))
        }
        if figures.betweenTokensP50Milliseconds != nil || figures.betweenTokensP95Milliseconds != nil {
            let text = FigureText.milliseconds(
                figures.betweenTokensP50Milliseconds, figures.betweenTokensP95Milliseconds)
            items.append(StyledLine("between tokens \(text)"))
        }
        return items
    }

    private var queue: [StyledLine] {
        let queue = status.queue
        var items = [
            StyledLine(
                "\(FigureText.count(queue.waiting)) waiting, \(FigureText.count(queue.running)) of "
                    + "\(FigureText.count(queue.slots)) slots running",
                queue.waitingMax > 0 && queue.waiting >= queue.waitingMax ? .bad : .plain),
            StyledLine("\(FigureText.count(queue.finishedCount)) finished"),
        ]
        if queue.failedCount > 0 {
            items.append(StyledLine("\(FigureText.count(queue.failedCount)) failed", .bad))
        }
        if queue.refusedCount > 0 {
            items.append(StyledLine("\(FigureText.count(queue.refusedCount)) refused", .warning))
        }
        return items
    }
}
