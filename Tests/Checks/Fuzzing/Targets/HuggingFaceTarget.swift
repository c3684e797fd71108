// SPDX-License-Identifier: MIT
import BitNetCore
import BitNetFormats

#if canImport(Glibc)
import Glibc
#endif

/// Opens a directory and packs what is small.
///
/// One input is both files: `config.json`, a line `---`, `model.safetensors`.
enum HuggingFaceTarget {
    static func run(_ bytes: [UInt8]) throws(FuzzFinding) -> FuzzTarget.Outcome {
        let (configuration, weights) = halves(of: bytes)
        return try inDirectory([
            ("config.json", configuration), ("model.safetensors", weights),
        ]) { path throws(FuzzFinding) in
            let model: ModelFile
            do {
                model = try ModelFile(path: path)
            } catch {
                guard let error = error as? ModelFileError else {
                    throw FuzzFinding("opening threw \(error)")
                }
                return .refused(error.message)
            }
            return try GGUFTarget.use(model)
        }
    }

    /// What stands before and behind the first line `---`.
    static func halves(of bytes: [UInt8]) -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
        let line = Array("\n---\n".utf8)
        let start = bytes.indices.first { bytes[$0...].starts(with: line) }
        guard let start else { return (bytes[...], []) }
        return (bytes[..<start], bytes[(start + line.count)...])
    }

    /// A directory with these files, which is gone afterwards.
    static func inDirectory<Result>(
        _ files: [(name: String, bytes: ArraySlice<UInt8>)],
        _ body: (String) throws(FuzzFinding) -> Result
    ) throws(FuzzFinding) -> Result {
        var template = Array("/dev/shm/bitnet-fuzzing-XXXXXX".utf8CString)
        if mkdtemp(&template) == nil {
            template = Array("/tmp/bitnet-fuzzing-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else { throw FuzzFinding("no temporary directory") }
        }
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { rmdir(path) }
        defer { for file in files { unlink("\(path)/\(file.name)") } }
        for file in files {
            guard let stream = fopen("\(path)/\(file.name)", "wb") else { throw FuzzFinding("no file") }
            _ = file.bytes.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, stream) }
            fclose(stream)
        }
        return try body(path)
    }
}
