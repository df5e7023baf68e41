import Glibc
import Testing

@testable import FastCGI

/// FastCGI 1.0, section 3.3: version, type, request id, content length, padding length, reserved.
private func record(_ type: UInt8, _ content: [UInt8], padding: Int = 0) -> [UInt8] {
    [1, type, 0, 1, UInt8(content.count >> 8), UInt8(content.count & 255), UInt8(padding), 0] + content
        + [UInt8](repeating: 0, count: padding)
}

private let begin = record(1, [0, 1, 0, 0, 0, 0, 0, 0])
private let parameters = record(4, [1, 1, 65, 66], padding: 4) + record(4, [])
private let endOfBody = record(5, [])

@Suite struct PendingInputTests {
    private func pendingInput(_ bytes: [UInt8]) -> PendingInput {
        bytes.withUnsafeBytes { PendingInput($0) }
    }

    @Test func `A request is complete once the empty record that ends its body has arrived`() {
        #expect(pendingInput(begin + parameters + endOfBody) == .wholeRequest)
        #expect(pendingInput(begin + parameters + record(5, [1, 2, 3], padding: 5) + endOfBody) == .wholeRequest)
    }

    @Test func `A request cut at any other length is incomplete`() {
        let whole = begin + parameters + record(5, [1, 2, 3], padding: 5) + endOfBody
        for length in 1..<whole.count { #expect(pendingInput(Array(whole[..<length])) == .partOfRequest, "\(length)") }
    }

    @Test func `Bytes inside a record are not mistaken for a record header`() {
        #expect(pendingInput(begin + record(4, endOfBody) + record(5, endOfBody)) == .partOfRequest)
        #expect(pendingInput(begin + record(4, [], padding: 255) + endOfBody) == .wholeRequest)
    }

    @Test func `The end of another request's body does not complete this one`() {
        var other = endOfBody
        other[3] = 2
        #expect(pendingInput(begin + parameters + other) == .partOfRequest)
        #expect(pendingInput(begin + parameters + other + endOfBody) == .wholeRequest)
    }

    @Test func `Inspecting a socket consumes nothing and distinguishes empty, pending and closed`() {
        var ends: [Int32] = [0, 0]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { close(ends[1]) }
        #expect(PendingInput(ends[1]) == .nothing)
        let request = begin + parameters + endOfBody
        #expect(write(ends[0], request, request.count) == request.count)
        close(ends[0])
        for _ in 0..<2 { #expect(PendingInput(ends[1]) == .wholeRequest) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        #expect(read(ends[1], &buffer, buffer.count) == request.count)
        #expect(PendingInput(ends[1]) == .closed)
    }
}
