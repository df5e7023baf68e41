import Foundation
import TestSupport
import Testing

/// An authority of a test's own, whose certificates openssl makes.
final class CertificateAuthority {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try openssl(
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test authority"]
                + ["-keyout", "ca.key", "-out", "ca.pem"])
    }

    /// The authority's own certificate.
    var file: String { directory.file("ca.pem") }

    /// Creates a certificate for a name such as `IP:127.0.0.1`.
    func certificate(_ name: String) throws -> (file: String, key: String) {
        try directory.write("extensions", "subjectAltName=\(name)\n")
        let file = "\(UUID().uuidString.prefix(8))"
        try openssl(
            ["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server"]
                + ["-keyout", "\(file).key", "-out", "\(file).csr"])
        try openssl(
            ["x509", "-req", "-in", "\(file).csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
                + ["-days", "2", "-extfile", "extensions", "-out", "\(file).pem"])
        return (directory.file("\(file).pem"), directory.file("\(file).key"))
    }

    private func openssl(_ arguments: [String]) throws {
        let quoted = arguments.map { "'\($0)'" }.joined(separator: " ")
        let done = try ChildProcess.run("bash", ["-c", "cd '\(directory.path)' && openssl \(quoted)"])
        try #require(done.code == 0, "\(done.errors)")
    }
}
