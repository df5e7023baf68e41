/// The response in progress on a connection: the task that produces it, and bytes taken from the task's buffer but not
/// yet sent.
struct OutgoingResponse {
    private let output: ResponseBuffer
    private let task: Task<Void, Never>
    private var bytes: ArraySlice<UInt8> = []
    private var isFirst = true
    /// The task has finished, and its last bytes have been taken.
    private(set) var hasEnded = false
    /// The peer has gone; further output is discarded.
    private(set) var isAbandoned = false

    struct Chunk {
        let bytes: ArraySlice<UInt8>
        /// These bytes are the complete response.
        let isWhole: Bool
    }

    private static let chunkBytes = 16 * 1024

    init(output: ResponseBuffer, task: Task<Void, Never>) {
        self.output = output
        self.task = task
    }

    /// A complete response of up to `ResponseBuffer.limit` bytes, or up to 16 KB of a longer one; nil if there is
    /// nothing to send now.
    mutating func next() -> Chunk? {
        if bytes.isEmpty, !hasEnded {
            let taken = output.take()
            hasEnded = taken.hasEnded
            if !isAbandoned { bytes = taken.bytes[...] }
        }
        guard !bytes.isEmpty else { return nil }
        if isFirst, hasEnded, bytes.count <= ResponseBuffer.limit { return Chunk(bytes: bytes, isWhole: true) }
        return Chunk(bytes: bytes.prefix(Self.chunkBytes), isWhole: false)
    }

    mutating func remove(_ chunk: Chunk) {
        isFirst = false
        bytes = bytes.dropFirst(chunk.bytes.count)
    }

    mutating func abandon() {
        isAbandoned = true
        bytes = []
        output.abandon()
        task.cancel()
    }
}
