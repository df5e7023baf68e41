/// The answer in progress on a connection: the task that produces it, and bytes taken from it but not yet sent.
struct OutgoingResponse {
    private let output: ResponseBuffer
    private let task: Task<Void, Never>
    private var bytes: ArraySlice<UInt8> = []
    private var isFirst = true
    /// The task has finished, and its last bytes have been taken.
    private(set) var hasEnded = false
    /// The peer has gone; further output is discarded.
    private(set) var isAbandoned = false

    struct Portion {
        let bytes: ArraySlice<UInt8>
        /// These bytes are the complete answer.
        let isWhole: Bool
    }

    private static let portionBytes = 16 * 1024

    init(output: ResponseBuffer, task: Task<Void, Never>) {
        self.output = output
        self.task = task
    }

    /// A complete answer of up to `ResponseBuffer.limit` bytes, or up to 16 KB of a longer one. nil: there is nothing to send
    /// now.
    mutating func next() -> Portion? {
        if bytes.isEmpty, !hasEnded {
            let taken = output.take()
            hasEnded = taken.hasEnded
            if !isAbandoned { bytes = taken.bytes[...] }
        }
        guard !bytes.isEmpty else { return nil }
        if isFirst, hasEnded, bytes.count <= ResponseBuffer.limit { return Portion(bytes: bytes, isWhole: true) }
        return Portion(bytes: bytes.prefix(Self.portionBytes), isWhole: false)
    }

    mutating func remove(_ portion: Portion) {
        isFirst = false
        bytes = bytes.dropFirst(portion.bytes.count)
    }

    mutating func abandon() {
        isAbandoned = true
        bytes = []
        output.abandon()
        task.cancel()
    }
}
