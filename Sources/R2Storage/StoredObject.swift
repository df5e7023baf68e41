/// An object in the bucket, as HEAD returns it.
package struct StoredObject: Sendable, Equatable {
    /// Bytes.
    package let size: Int
    /// Without quotes.
    package let etag: String
}
