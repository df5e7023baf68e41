import Glibc
import Testing

@testable import FastCGI

@Suite struct ParametersTests {
    private let parameters = Parameters([
        ("REQUEST_METHOD", "POST"), ("HTTP_X_API_KEY", "one"), ("HTTP_X", "a=b"), ("EMPTY", ""),
        ("HTTP_X_API_KEY", "two"),
    ])

    @Test func `A name must match completely and case-sensitively`() {
        #expect(parameters["REQUEST_METHOD"] == "POST")
        #expect(parameters["REQUEST"] == nil)
        #expect(parameters["METHOD"] == nil)
        #expect(parameters["HTTP_X_API_KEYS"] == nil)
        #expect(parameters["request_method"] == nil)
    }

    @Test func `A value may be empty or contain an equals sign`() {
        #expect(parameters["HTTP_X"] == "a=b")
        #expect(parameters["EMPTY"] == "")
        #expect(parameters["EMPTY="] == nil)
    }

    @Test func `A value is never mistaken for a name`() {
        let parameters = Parameters([("A", "B=1"), ("C", "B")])
        #expect(parameters["B"] == nil)
    }

    @Test func `A repeated name has all its values in order, and the first is the default`() {
        #expect(parameters.all("HTTP_X_API_KEY") == [Array("one".utf8), Array("two".utf8)])
        #expect(parameters["HTTP_X_API_KEY"] == "one")
        #expect(parameters.all("NONE") == [])
    }

    @Test func `The last parameter is found, and an empty list has no parameters`() {
        #expect(Parameters([("A", "1"), ("B", "2")])["B"] == "2")
        #expect(Parameters([])["A"] == nil)
    }

    @Test func `C strings are copied, and values may be arbitrary bytes`() {
        let lines = [Array("A=1".utf8), [UInt8(ascii: "B"), UInt8(ascii: "="), 0xFF, 0xFE], Array("NOVALUE".utf8)]
        var pointers: [UnsafeMutablePointer<CChar>?] = lines.map { line in
            line.withUnsafeBufferPointer {
                strndup(UnsafeRawPointer($0.baseAddress!).assumingMemoryBound(to: CChar.self), $0.count)
            }
        }
        pointers.append(nil)
        let parameters = Parameters(&pointers)
        for pointer in pointers { free(pointer) }
        #expect(parameters["A"] == "1")
        #expect(parameters.all("B") == [[0xFF, 0xFE]])
        #expect(parameters["B"] == "\u{FFFD}\u{FFFD}")
        #expect(parameters["NOVALUE"] == nil)
    }
}

@Suite struct AllowedPeersTests {
    private let otherUser: Int64 = 54_321

    @Test func `Root and our own user are always allowed`() throws {
        let users = try AllowedPeers([])
        #expect(users.allows(uid: 0))
        #expect(users.allows(uid: Int64(geteuid())))
        #expect(!users.allows(uid: otherUser))
    }

    @Test func `A peer without a user ID, as over TCP, is not allowed`() throws {
        #expect(try !AllowedPeers(nil).allows(uid: -1))
    }

    @Test func `Named users are allowed by their numeric ID`() throws {
        let daemon = try #require(getpwnam("daemon")).pointee.pw_uid
        #expect(try AllowedPeers(["daemon"]).allows(uid: Int64(daemon)))
        #expect(try !AllowedPeers([]).allows(uid: Int64(daemon)) || daemon == geteuid())
    }

    @Test func `The error for an unknown user has its name`() {
        let error = #expect(throws: AllowedPeers.UnknownUser.self) { try AllowedPeers(["root", "no-such-user"]) }
        #expect(error?.name == "no-such-user")
    }
}

@Suite struct TokenTests {
    @Test func `A token keeps its value when converted to a word and back`() {
        for (index, generation) in [(0, 0), (1, UInt32.max), (UInt32.max - 1, 7)] as [(UInt32, UInt32)] {
            let word = Token.connection(index: index, generation: generation).word
            guard case .connection(index, generation) = Token(word: word) else {
                Issue.record("connection \(index) \(generation)")
                continue
            }
        }
        for number in [0, 1, 7] {
            guard case .listener(number) = Token(word: Token.listener(number).word) else {
                Issue.record("listener \(number)")
                continue
            }
        }
        guard case .wakeEvent = Token(word: Token.wakeEvent.word) else {
            Issue.record("wakeEvent")
            return
        }
    }
}
