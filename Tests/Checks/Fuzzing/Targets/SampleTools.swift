// SPDX-License-Identifier: MIT
package import BitNetCore

/// A tool `f` with parameters of several types, as clients describe tools.
package enum SampleTools {
    package static let all: [JSONValue] = [
        .object([
            ("type", .text("function")),
            ("function", .object([("name", .text("f")), ("parameters", parameters)])),
        ])
    ]

    private static let parameters = JSONValue.object([
        (
            "properties",
            .object([
                ("text", .object([("type", .text("string"))])),
                ("count", .object([("type", .list([.text("integer"), .text("null")]))])),
                ("flag", .object([("type", .text("boolean"))])),
                ("list", .object([("type", .text("array"))])),
            ])
        )
    ])
}
