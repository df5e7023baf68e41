/// The answer under way on a connection: the task that writes it, and what the owner has taken of it and not yet sent.
struct Answer {
    private let output: Output
    private let task: Task<Void, Never>
    private var bytes: ArraySlice<UInt8> = []
    private var isFirst = true
    /// The task has written its last byte, and it is in our hands.
    private(set) var hasEnded = false
    /// The peer has gone: what comes is dropped.
    private(set) var isAbandoned = false

    struct Portion {
        let bytes: ArraySlice<UInt8>
        /// The answer consists of these bytes alone.
        let isWhole: Bool
    }

    private static let portionBytes = 16 * 1024

    init(output: Output, task: Task<Void, Never>) {
        self.output = output
        self.task = task
    }

    /// A whole answer of up to `Output.limit` bytes, or at most 16 KB of a longer one. nil: nothing more is written yet, or
    /// nothing more will be.
    mutating func next() -> Portion? {
        if bytes.isEmpty, !hasEnded {
            let taken = output.take()
            hasEnded = taken.hasEnded
            if !isAbandoned { bytes = taken.bytes[...] }
        }
        guard !bytes.isEmpty else { return nil }
        if isFirst, hasEnded, bytes.count <= Output.limit { return Portion(bytes: bytes, isWhole: true) }
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
