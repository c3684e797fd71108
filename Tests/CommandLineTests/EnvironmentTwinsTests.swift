// SPDX-License-Identifier: MIT
import ArgumentParser
import CommandLine
import Testing

struct EnvironmentTwinsTests {
    private func twins(_ variables: [String: String]) -> EnvironmentTwins {
        EnvironmentTwins(
            variables, prefix: "BITNET_COORD_", options: ["ctx-size", "port", "api-key-file"],
            flags: ["json", "no-api-key"])
    }

    @Test func `an option's variable is its value, and an empty one is not given`() {
        let twins = twins([
            "BITNET_COORD_CTX_SIZE": "512", "BITNET_COORD_PORT": "", "BITNET_COORD_API_KEY_FILE": "a=b",
            "HOME": "/",
        ])
        #expect(twins.arguments == ["--api-key-file=a=b", "--ctx-size=512"])
        #expect(twins.names == ["BITNET_COORD_API_KEY_FILE", "BITNET_COORD_CTX_SIZE"])
        #expect(twins.warnings.isEmpty && twins.error == nil)
    }

    @Test(arguments: ["", "0", "false", "False", "no", "off", "OFF"])
    func `a flag's variable that says no does not give it`(value: String) {
        let twins = twins(["BITNET_COORD_NO_API_KEY": value])
        #expect(twins.arguments.isEmpty && twins.error == nil && twins.warnings.isEmpty)
    }

    @Test(arguments: ["1", "true", "TRUE", "yes", "on"])
    func `a flag's variable that says yes gives it`(value: String) {
        #expect(twins(["BITNET_COORD_NO_API_KEY": value]).arguments == ["--no-api-key"])
    }

    @Test(arguments: ["2", "maybe", " ", "true "])
    func `anything else is refused by the variable's own name`(value: String) throws {
        let error = try #require(twins(["BITNET_COORD_NO_API_KEY": value]).error)
        #expect(error.contains("BITNET_COORD_NO_API_KEY is “"))
    }

    @Test func `what Kubernetes sets for a service of the program's name is no option`() {
        let variables = [
            "BITNET_COORD_PORT": "tcp://10.0.0.1:8080", "BITNET_COORD_PORT_8080_TCP": "tcp://10.0.0.1:8080",
            "BITNET_COORD_PORT_8080_TCP_ADDR": "10.0.0.1", "BITNET_COORD_PORT_8080_TCP_PORT": "8080",
            "BITNET_COORD_PORT_8080_TCP_PROTO": "tcp", "BITNET_COORD_SERVICE_HOST": "10.0.0.1",
            "BITNET_COORD_SERVICE_PORT": "8080", "BITNET_COORD_SERVICE_PORT_HTTP_API": "8080",
            "BITNET_COORD_ADMIN_SERVICE_HOST": "10.0.0.2", "BITNET_COORD_ADMIN_PORT": "udp://10.0.0.2:53",
        ]
        let twins = twins(variables)
        #expect(twins.arguments.isEmpty && twins.warnings.isEmpty && twins.error == nil)
        #expect(twins.ignored == variables.keys.sorted())
    }

    @Test func `a port is still a port`() {
        #expect(twins(["BITNET_COORD_PORT": "8080"]).arguments == ["--port=8080"])
    }

    @Test func `a variable that means nothing is told, with the nearest that does`() {
        let twins = twins([
            "BITNET_COORD_CTXSIZE": "512", "BITNET_CORD_JSON": "1", "BITNET_WORKER_LISTEN": "x",
        ])
        #expect(
            twins.warnings == [
                "the environment variable BITNET_COORD_CTXSIZE means nothing here; is BITNET_COORD_CTX_SIZE meant?",
                "the environment variable BITNET_CORD_JSON means nothing here; is BITNET_COORD_JSON meant?",
            ])
        #expect(twins.arguments.isEmpty)
    }

    private struct Sample: ParsableCommand {
        @Option(name: [.customShort("c"), .long]) var ctxSize: Int?
        @Flag var json = false
        @Argument var file: String
    }

    @Test func `the names of a command's options are those of its help`() {
        let names = OptionNames(of: Sample.self)
        #expect(names.options == ["ctx-size"])
        #expect(names.flags == ["json"])
    }
}
