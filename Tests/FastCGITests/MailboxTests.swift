import Synchronization
import TestSupport
import Testing

@testable import FastCGI

@Suite struct MailboxTests {
    @Test func `In every interleaving there is one owner, and no signal is lost or reaches another generation`() throws
    {
        let states = try MailboxExplorer().explore()
        #expect(states > 50_000, "the exploration covers what it did when it was written")
    }

    /// Each is one mistake in one of the word's three steps.
    static let mistakes: [(String, MailboxAlgorithm)] = [
        (
            "whoever leaves a signal becomes an owner",
            MailboxAlgorithm(leave: { $0.leave($1, for: $2) || $0.generation == $2 })
        ),
        (
            "a signal that finds an owner is not left",
            MailboxAlgorithm(leave: { $0.isOwned ? false : $0.leave($1, for: $2) })
        ),
        (
            "the generation is not compared",
            MailboxAlgorithm(leave: { word, signals, _ in
                let generation = word.generation
                return word.leave(signals, for: generation)
            })
        ),
        (
            "the owner lets go though signals are pending",
            MailboxAlgorithm(takeSignals: { word in
                let signals = word.takeSignals()
                if signals != nil { _ = word.takeSignals() }
                return signals
            })
        ),
        (
            "the owner goes without looking",
            MailboxAlgorithm(takeSignals: { word in
                word = MailboxWord(bits: UInt64(word.generation) << 32)
                return nil
            })
        ),
        (
            "signals stay pending after they were taken",
            MailboxAlgorithm(takeSignals: { word in
                let before = word
                let signals = word.takeSignals()
                if signals != nil { word = before }
                return signals
            })
        ),
        (
            "a record is opened again under its old generation",
            MailboxAlgorithm(renew: { word in
                word = MailboxWord(bits: UInt64(word.generation) << 32 | MailboxWord().bits)
            })
        ),
        (
            "late signals survive the opening",
            MailboxAlgorithm(renew: { word in
                let late = word.signals
                word.renew()
                word = MailboxWord(bits: word.bits | UInt64(late.rawValue))
            })
        ),
    ]

    @Test(arguments: mistakes.indices)
    func `The exploration finds a mistake in any step`(index: Int) {
        let (mistake, algorithm) = Self.mistakes[index]
        #expect(throws: MailboxExplorer.Fault.self, "\(mistake)") {
            try MailboxExplorer(algorithm: algorithm).explore()
        }
    }

    @Test func `Threads that leave signals at once never meet in the state, and every signal is seen`() {
        struct Counter: ~Copyable {
            var value = 0
            var isInside = false
        }
        let mailbox = {
            let ownership = Mailbox.make(index: 0, Counter())
            ownership.renew()
            let mailbox = ownership.mailbox
            if ownership.run({ _, _ in true }) != nil { Issue.record("the generation has ended") }
            return mailbox
        }()
        let overlaps = Atomic<Int>(0)
        let signalsLeft = 100_000
        onThreads(4) { thread in
            let signal = Signals(rawValue: 1 << UInt8(thread))
            for _ in 0..<signalsLeft {
                guard let ownership = mailbox.leave(signal, for: 1) else { continue }
                let ended = ownership.run { counter, signals in
                    if counter.isInside { overlaps.add(1, ordering: .relaxed) }
                    counter.isInside = true
                    counter.value += signals.rawValue.nonzeroBitCount
                    counter.isInside = false
                    return true
                }
                if ended != nil { Issue.record("the generation has ended") }
            }
        }
        #expect(overlaps.load(ordering: .relaxed) == 0)
        var value = 0
        guard let ownership = mailbox.leave(.retire, for: 1) else {
            Issue.record("the ownership was lost")
            return
        }
        let ended = ownership.run { counter, signals in
            #expect(signals == .retire, "nothing else was pending")
            value = counter.value
            return true
        }
        if ended != nil { Issue.record("the generation has ended") }
        #expect((1...4 * signalsLeft).contains(value))
    }
}
