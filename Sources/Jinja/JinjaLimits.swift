// SPDX-License-Identifier: MIT

/// How much a template may ask for.
///
/// Templates come with models, from anyone; none may end the process or keep it busy.
package struct JinjaLimits: Equatable, Sendable {
    /// Bytes of a template; the longest published ones have some 30 thousand.
    package var sourceBytesMax = 1 << 20
    /// Words and texts of a template.
    package var tokensMax = 200_000
    /// How many statements and parentheses may stand inside each other in a template: the parser calls itself.
    package var nestingMax = 100
    /// Expressions evaluated, statements carried out and rounds of loops; and for long texts and lists, one for
    /// every few elements that an operation looks at.
    package var stepsMax = 5_000_000
    /// How many expressions and statements may wait for each other while rendering, through macros too.
    package var depthMax = 300
    /// Bytes of the rendered text.
    package var outputBytesMax = 16 << 20
    /// Bytes of all values made while rendering, also of those that are gone again.
    package var memoryBytesMax = 256 << 20
    /// Numbers of one `range`, as Jinja's sandbox has it.
    package var rangeCountMax = 100_000

    package init() {}
}

/// How deep lists and dictionaries may hold each other: to compare or to free them takes the stack.
let valueDepthMost = 200
