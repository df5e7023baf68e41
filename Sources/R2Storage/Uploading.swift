import Core
import HTTPClient
import R2

/// What the multipart endpoints that call R2 hold.
package struct Uploading: Tools {
    package let signing: Signing
    package let storage: Storage

    package init?(_ settings: inout Settings) {
        let authorities = settings.optional("SSL_CERT_FILE")
        guard let signing = Signing(&settings) else { return nil }
        self.signing = signing
        storage = Storage(
            HTTPClient(HTTPClient.Options(maxConnections: 64, speaksHTTP2: false, authorities: authorities)),
            signing.presigner.bucket)
    }
}

extension Storage {
    /// Runs calls to R2, whose errors become faults.
    package func callAsFunction<Value: Sendable>(
        _ work: (Storage) async throws(StorageError) -> Value
    ) async throws -> Value {
        do throws(StorageError) {
            return try await work(self)
        } catch {
            if error == .cancelled { throw CancellationError() }
            throw error.fault
        }
    }
}

extension StoredPart: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("part_number", number)
            $0.member("size", size)
            $0.member("etag", etag)
        }
    }
}
