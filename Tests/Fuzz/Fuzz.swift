import Foundation
import Synchronization

/// The fuzz targets. libFuzzer's `main` calls the two functions below; the environment variable `FUZZ_TARGET` selects
/// the target.
enum Target: String, CaseIterable {
    case fastcgi, json, keys, media, ozon, r2, urls, xml

    func run(_ bytes: [UInt8]) {
        switch self {
        case .fastcgi: fuzzFastCGI(bytes)
        case .json: fuzzJSON(bytes)
        case .keys: fuzzKeys(bytes)
        case .media: fuzzMediaTypes(bytes)
        case .ozon: fuzzOzon(bytes)
        case .r2: fuzzR2(bytes)
        case .urls: fuzzURLs(bytes)
        case .xml: fuzzXML(bytes)
        }
    }
}

private let target: Target = {
    let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
    guard let target = Target(rawValue: name) else {
        violated("FUZZ_TARGET is '\(name)', but must be one of \(Target.allCases.map(\.rawValue))")
    }
    return target
}()

/// Creates the target before the first input, so that a wrong name is not reported as a finding.
@_cdecl("LLVMFuzzerInitialize")
public func initializeFuzzer(_ count: UnsafeMutableRawPointer, _ arguments: UnsafeMutableRawPointer) -> Int32 {
    _ = target
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

/// Ends the process with a finding: libFuzzer writes the input to a file.
func violated(_ rule: String) -> Never {
    FileHandle.standardError.write(Data("FINDING: \(rule)\n".utf8))
    abort()
}

func require(_ holds: Bool, _ rule: @autoclosure () -> String) {
    if !holds { violated(rule()) }
}

/// Appends a line of JSON to the file `FUZZ_RECORD`, if it is set: references.py and references.mjs compare these
/// lines with other implementations.
func record(_ members: [String: String]) {
    guard let recording else { return }
    let line = try! JSONSerialization.data(withJSONObject: members, options: .sortedKeys)
    recording.write(line + Data("\n".utf8))
}

private let recording = ProcessInfo.processInfo.environment["FUZZ_RECORD"].map { path in
    guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
    else { violated("\(path) can't be written") }
    return file
}

/// Runs an asynchronous operation and waits for its result.
func wait<Value: Sendable>(for operation: @escaping @Sendable () async -> Value) -> Value {
    let result = Mutex<Value?>(nil)
    let done = DispatchSemaphore(value: 0)
    Task {
        let value = await operation()
        result.withLock { $0 = value }
        done.signal()
    }
    done.wait()
    return result.withLock { $0! }
}
