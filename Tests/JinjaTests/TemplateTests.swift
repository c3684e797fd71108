// SPDX-License-Identifier: MIT

import Foundation
import Jinja
import Testing

private func render(
    _ source: String, _ context: [(String, JinjaValue)] = [], limits: JinjaLimits = .init()
) throws(JinjaError) -> String {
    try Template(source, limits: limits).render(context, limits: limits)
}

private func failure(
    _ source: String, _ context: [(String, JinjaValue)] = [], limits: JinjaLimits = .init()
) -> JinjaError? {
    do throws(JinjaError) {
        _ = try render(source, context, limits: limits)
        return nil
    } catch {
        return error
    }
}

@Suite struct TemplateTests {
    @Test func `a variable that is set in a loop is gone behind it, and one of a condition stays`() throws {
        let loop = "{% for i in [1, 2] %}{% set x = i %}{% endfor %}{{ x }}"
        #expect(try render(loop, [("x", "outer")]) == "outer")
        #expect(try render("{% if true %}{% set x = 1 %}{% endif %}{{ x }}") == "1")
    }

    @Test func `a macro sees the variables around it and not those around its call`() throws {
        let source =
            "{% macro m() %}{{ x }}{{ y }}{% endmacro %}{% set x = 1 %}"
            + "{% for y in [1] %}{% set x = 2 %}{{ m() }}{% endfor %}"
        #expect(try render(source) == "1")
    }

    @Test func `texts are the same only if their bytes are`() throws {
        let context: [(String, JinjaValue)] = [("a", "e\u{301}"), ("b", "\u{E9}")]
        #expect(try render("{{ a == b }}{{ a|length }}{{ b|length }}{{ a in b }}", context) == "False21False")
        #expect(try render("{{ {a: 1}[b] is defined }}", context) == "False")
    }

    @Test func `the last variable of a name counts`() throws {
        #expect(try render("{{ a }}", [("a", 1), ("a", 2)]) == "2")
    }

    @Test(arguments: [
        ("a\n  {{ x.y.z }}", 2, 7, "“x” is undefined"),
        ("{{ 'é' ~ (1 + 'a') }}", 1, 13, "“+” does not take"),
        ("\n\n{% nonsense %}", 3, 4, "unknown statement “nonsense”"),
        ("{{ 1|nonsense }}", 1, 6, "unknown filter"),
        ("{{ 1 is nonsense }}", 1, 9, "unknown test"),
        ("{{ 'a'.encode() }}", 1, 14, "“str.encode” is not supported"),
        ("{% include 'x' %}", 1, 4, "“include” is not supported"), ("{{ 1", 1, 1, "a tag that does not end"),
        ("{% if 1 %}", 1, 11, "found the end of the template"),
        ("{{ [].append(1) }}", 1, 13, "not for templates"),
        ("{{ strftime_now('%H') }}", 1, 16, "no time of the format “%H”"),
        ("{{ 9223372036854775807 + 1 }}", 1, 24, "64 bits"),
        ("{{ (0 - 9223372036854775807 - 1) // -1 }}", 1, 34, "64 bits"),
        ("{{ 1 + }}", 1, 8, "expected an expression"),
    ])
    func `errors name what is wrong and where`(
        source: String, line: Int, column: Int, message: String
    ) throws {
        let error = try #require(failure(source))
        #expect(error.message.contains(message), "\(error.text)")
        #expect(error.line == line && error.column == column, "\(error.text)")
    }

    @Test func `a refusal has the template's own words`() throws {
        let error = try #require(failure("{{ raise_exception('Roles must alternate') }}"))
        #expect(error.kind == .raised && error.text == "Roles must alternate")
        let silent = try #require(failure("{{ raise_exception(' ') }}"))
        #expect(
            silent.text
                == "chat template, line 1, column \(silent.column): the conversation is refused, and no reason is given"
        )
    }

    @Test func `the clock is the caller's`() throws {
        let template = try Template("{{ strftime_now('%Y') }}")
        #expect(try template.render([], now: { "<\($0)>" }) == "<%Y>")
    }
}

@Suite struct LimitTests {
    @Test(arguments: [
        ("{{ 'a' * 1000000000000 }}", "bytes"), ("{{ [1] * 100000000000 }}", "bytes"),
        ("{{ [1] * 9223372036854775807 }}", "too long"), ("{{ 'a'|indent(9223372036854775807) }}", "bytes"),
        ("{{ 'a'.ljust(9223372036854775807) }}", "bytes"),
        ("{{ 'ab'.zfill(-9223372036854775807) ~ 'a'.center(9223372036854775807) }}", "bytes"),
        ("{{ [1]|batch(9223372036854775807, 1)|list }}", "bytes"),
        ("{{ [1]|slice(9223372036854775807)|list }}", "bytes"),
        ("{{ [1]|tojson(indent=9223372036854775807) }}", "bytes"),
        ("{{ range(9223372036854775807) }}", "range"),
        ("{{ ('a' * 100000)|replace('a', 'b' * 100000) }}", "bytes"),
        ("{{ ('a' * 100000).replace('', 'b' * 100000) }}", "bytes"),
        ("{{ (['a' * 100000] * 100000)|join }}", "bytes"),
        (
            "{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
            "bytes"
        ),
        (
            "{% set ns = namespace(l=[]) %}{% for i in range(1000) %}{% set ns.l = [ns.l] %}{% endfor %}",
            "deep"
        ),
        (
            "{% set ns = namespace(l=0) %}{% for i in range(1000) %}{% set ns.l = [ns.l].index %}{% endfor %}{{ [ns.l] }}",
            "deep"
        ),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "wait for each other"),
        ("{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}", "wait for each other"),
        ("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", "steps"),
        ("{% for a in range(100000) %}{{ ('a' * 100000).find('b') is odd }}{% endfor %}", "bytes"),
        ("{% set s = 'a' * 1000000 %}{% for a in range(100000) %}{{ s[0] }}{% endfor %}", "steps"),
        ("{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}", "holds itself"),
    ])
    func `what would take too much is refused before it does`(source: String, message: String) throws {
        var limits = JinjaLimits()
        limits.stepsMax = 300_000
        let ample = try #require(failure(source, limits: limits))
        #expect(ample.message.contains(message) || ample.message.contains("steps"), "\(ample.text)")
    }

    @Test func `each limit admits itself and nothing beyond it`() throws {
        var limits = JinjaLimits()
        limits.outputBytesMax = 4
        #expect(try render("{{ 'aaaa' }}", limits: limits) == "aaaa")
        #expect(failure("{{ 'aaaaa' }}", limits: limits)?.kind == .limit)

        limits = JinjaLimits()
        limits.sourceBytesMax = 3
        #expect(try render("äb", limits: limits) == "äb")
        #expect(failure("äbc", limits: limits)?.kind == .limit)

        limits = JinjaLimits()
        limits.tokensMax = 4
        #expect(try render("{{ 1 }}", limits: limits) == "1")
        #expect(failure("{{ -1 }}", limits: limits)?.kind == .limit)

        limits = JinjaLimits()
        limits.rangeCountMax = 3
        #expect(try render("{{ range(3)|list }}", limits: limits) == "[0, 1, 2]")
        #expect(failure("{{ range(4) }}", limits: limits)?.kind == .limit)
    }

    @Test(arguments: [
        "{{ 1 }}", "{{ [1, 2]|map('string')|join }}", "{% for i in [1, 2] %}{{ i }}{% endfor %}",
        "{{ 'abc' * 30 }}",
        "{% macro m(n) %}{{ n and m(n - 1) }}{% endmacro %}{{ m(5) }}", "{{ [{'a': [1]}]|tojson(indent=2) }}",
    ])
    func `steps, memory, depth and nesting have a least bound that admits a template`(source: String) throws {
        let paths: [WritableKeyPath<JinjaLimits, Int>] = [
            \.stepsMax, \.memoryBytesMax, \.depthMax, \.nestingMax,
        ]
        for path in paths {
            var limits = JinjaLimits()
            var low = -1
            var high = 100_000
            while high - low > 1 {
                limits[keyPath: path] = (low + high) / 2
                if failure(source, limits: limits) == nil {
                    high = limits[keyPath: path]
                } else {
                    low = limits[keyPath: path]
                }
            }
            limits[keyPath: path] = high
            #expect(failure(source, limits: limits) == nil)
            limits[keyPath: path] = high - 1
            if high > 0 { #expect(failure(source, limits: limits)?.kind == .limit) }
        }
    }

    @Test(arguments: [
        "(", "[", "{1:", "-", "not ", "a[", "a(", "1 if ", "a|join(", "x is in (", "{% if 1 %}",
        "{% for a in b %}",
    ])
    func `what is nested too deep is refused without running out of stack`(opening: String) throws {
        let isStatement = opening.hasPrefix("{%")
        let text = String(repeating: opening, count: 20_000)
        let error = try #require(failure(isStatement ? text : "{{ " + text))
        #expect(error.kind == .limit || error.kind == .syntax)
    }

    @Test(arguments: [
        "+ 1", "~ 1", "and 1", "or 1", "== 1", "|abs", ".a", "if 1", "** 1", "[0]", "is defined",
    ])
    func `long chains take no stack`(link: String) {
        _ = failure("{{ 1 " + String(repeating: link + " ", count: 20_000) + "}}")
    }

    /// The stack that a thread of Dispatch or of NIO has at least.
    @Test func `the deepest rendering fits into half a mebibyte of stack in a release build`() throws {
        #if DEBUG
        let stackBytes = 8 << 20
        #else
        let stackBytes = 512 << 10
        #endif
        let nested = String(repeating: "[", count: 90) + String(repeating: "]", count: 90)
        let sources = [
            "{% macro m() %}{% if 1 %}{% for a in [1] %}{{ [1, m()]|join }}{% endfor %}{% endif %}{% endmacro %}{{ m() }}",
            "{% for a in [1] recursive %}{{ 1 + (0 if not loop([1]) else 1) }}{% endfor %}",
            "{{ " + nested + "}}",
            "{% macro m(x=m()) %}{% endmacro %}{{ m() }}",
            "{{ (" + nested + " == " + nested + ")|string|tojson }}",
            String(repeating: "{{ (", count: 1) + String(repeating: "(", count: 90),
            "{% set ns = namespace(l=[]) %}{% for i in range(198) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}{{ ns.l|tojson(indent=1) }}{{ ns.l == ns.l }}",
        ]
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            for source in sources { _ = failure(source) }
            done.signal()
        }
        thread.stackSize = stackBytes
        thread.start()
        done.wait()
    }
}

@Suite struct MutationTests {
    @Test func `templates with faults end, with a text or an error`() throws {
        var random = SplitMix(state: 20_240_726)
        let cases = try Golden().cases
        let pieces = [
            "{%", "%}", "{{", "}}", "-", "(", ")", "[", "]", "'", "|", " if ", "~", "**9", "*",
            "999999999999", " in ", "loop", ".", "\u{301}", "{% endfor %}", "{% endif %}", ":", "::-1",
            "|list", "{#",
        ]
        var limits = JinjaLimits()
        limits.stepsMax = 20_000
        limits.memoryBytesMax = 1 << 20
        limits.outputBytesMax = 1 << 20
        var texts = 0
        for _ in 0..<6_000 {
            let example = cases[Int(random.next() % UInt64(cases.count))]
            var scalars = Array(example.template.unicodeScalars)
            for _ in 0...Int(random.next() % 3) {
                let place = Int(random.next() % UInt64(scalars.count + 1))
                let end = min(scalars.count, place + Int(random.next() % 6))
                switch random.next() % 3 {
                case 0: scalars.removeSubrange(place..<end)
                case 1:
                    scalars.insert(
                        contentsOf: pieces[Int(random.next() % UInt64(pieces.count))].unicodeScalars,
                        at: place)
                default:
                    scalars.insert(
                        contentsOf: scalars[place..<end], at: Int(random.next() % UInt64(scalars.count + 1)))
                }
            }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars)
            do throws(JinjaError) {
                _ = try Template(String(view)).render(example.context, limits: limits, now: Golden.now)
                texts += 1
            } catch {
                #expect(
                    error.line > 0 && error.column > 0 && !(error.kind != .raised && error.message.isEmpty))
            }
        }
        #expect(texts > 500)
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
