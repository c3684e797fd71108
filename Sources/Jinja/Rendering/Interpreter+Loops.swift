// SPDX-License-Identifier: MIT

/// A loop while it runs.
struct LoopState {
    let loop: Loop
    /// The variables around the loop.
    let scope: Scope?
    /// How many calls of the loop itself are around it.
    let depth0: Int
    /// What is looped over, and how much of it was looked at.
    let items: [JinjaValue]
    var position = 0
    /// Elements that were looked at ahead of their round.
    var ready: [JinjaValue] = []
    /// How many of them had their round.
    var readyPosition = 0
    var index0 = -1
    var length: Int?
    var current: JinjaValue?
    var previous: JinjaValue?
    /// The arguments of the last `loop.changed`.
    var marks: [JinjaValue]?
}

extension Interpreter {
    func run(_ loop: Loop) throws(JinjaError) -> Flow {
        let iterable = try evaluate(loop.iterable)
        place = loop.place
        try iterate(loop, over: iterable, depth0: 0, in: scope)
        return .normal
    }

    private func iterate(
        _ loop: Loop, over iterable: JinjaValue, depth0: Int, in parent: Scope?
    ) throws(JinjaError) {
        let items = try elements(of: iterable)
        try charge(MemoryLayout<LoopState>.stride)
        let id = loops.count
        loops.append(LoopState(loop: loop, scope: parent, depth0: depth0, items: items))
        let name = program.numbers[Text("loop")]
        var hasRun = false
        while let item = try advance(id) {
            hasRun = true
            try step()
            let flow = try inScope(of: parent) { () throws(JinjaError) in
                if let name { set(name, to: .object(.loop(id))) }
                place = loop.place
                try assign(item, to: loop.target)
                return try run(loop.body)
            }
            if flow == .leave { break }
        }
        if !hasRun {
            _ = try inScope(of: parent) { () throws(JinjaError) in try run(loop.otherwise) }
        }
    }

    /// `loop(children)`: the loop once more, over other elements.
    func iterateAgain(_ id: Int, over iterable: JinjaValue) throws(JinjaError) -> JinjaValue {
        let state = loops[id]
        guard state.loop.isRecursive else {
            throw failure("a loop that is called has to be marked “recursive”")
        }
        return try capture { () throws(JinjaError) in
            try iterate(state.loop, over: iterable, depth0: state.depth0 + 1, in: state.scope)
        }
    }

    // MARK: Elements

    /// The element of the next round.
    private func advance(_ id: Int) throws(JinjaError) -> JinjaValue? {
        guard let item = try pull(id) else { return nil }
        loops[id].index0 += 1
        loops[id].previous = loops[id].current
        loops[id].current = item
        return item
    }

    private func pull(_ id: Int) throws(JinjaError) -> JinjaValue? {
        let position = loops[id].readyPosition
        guard position < loops[id].ready.count else { return try find(id) }
        loops[id].readyPosition += 1
        return loops[id].ready[position]
    }

    /// The next element that the loop's condition admits; conditions are asked no earlier than needed.
    private func find(_ id: Int) throws(JinjaError) -> JinjaValue? {
        let (loop, scope) = (loops[id].loop, loops[id].scope)
        while loops[id].position < loops[id].items.count {
            let item = loops[id].items[loops[id].position]
            loops[id].position += 1
            guard let test = loop.test else { return item }
            try step()
            let counts = try inScope(of: scope) { () throws(JinjaError) in
                place = loop.place
                try assign(item, to: loop.target)
                return isTrue(try evaluate(test))
            }
            if counts { return item }
        }
        return nil
    }

    private func peek(_ id: Int) throws(JinjaError) -> JinjaValue? {
        if loops[id].readyPosition == loops[id].ready.count {
            guard let item = try find(id) else { return nil }
            loops[id].ready = [item]
            loops[id].readyPosition = 0
        }
        return loops[id].ready[loops[id].readyPosition]
    }

    func length(ofLoop id: Int) throws(JinjaError) -> Int {
        if let length = loops[id].length { return length }
        var length = loops[id].items.count
        if loops[id].loop.test != nil {
            try charge(elements: loops[id].items.count - loops[id].position)
            while let item = try find(id) { loops[id].ready.append(item) }
            length = loops[id].index0 + 1 + loops[id].ready.count - loops[id].readyPosition
        }
        loops[id].length = length
        return length
    }

    // MARK: Attributes

    func attribute(_ name: String, ofLoop id: Int) throws(JinjaError) -> JinjaValue? {
        let index0 = loops[id].index0
        switch name {
        case "index": return .int(index0 + 1)
        case "index0": return .int(index0)
        case "first": return .bool(index0 == 0)
        case "last": return .bool(try peek(id) == nil)
        case "length": return .int(try length(ofLoop: id))
        case "revindex": return .int(try length(ofLoop: id) - index0)
        case "revindex0": return .int(try length(ofLoop: id) - index0 - 1)
        case "depth": return .int(loops[id].depth0 + 1)
        case "depth0": return .int(loops[id].depth0)
        case "previtem":
            guard index0 > 0, let previous = loops[id].previous else {
                return .undefined("there is no previous item")
            }
            return previous
        case "nextitem": return try peek(id) ?? .undefined("there is no next item")
        case "cycle", "changed": return .object(.method(.object(.loop(id)), name))
        default: return nil
        }
    }

    func call(_ name: String, ofLoop id: Int, _ arguments: Arguments) throws(JinjaError) -> JinjaValue {
        guard arguments.named.isEmpty else { throw failure("loop.\(name) takes no named arguments") }
        let values = arguments.positional
        if name == "cycle" {
            guard !values.isEmpty else { throw failure("loop.cycle needs arguments") }
            return values[max(loops[id].index0, 0) % values.count]
        }
        if let marks = loops[id].marks, try equal(marks, values) { return .bool(false) }
        loops[id].marks = values
        return .bool(true)
    }
}
