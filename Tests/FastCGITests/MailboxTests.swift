import Synchronization
import TestSupport
import Testing

@testable import FastCGI

private struct Counter: ~Copyable {
    var value = 0
    var isInside = false
}

/// Runs until no event is pending.
private func run(_ ownership: consuming Ownership<Counter>, _ body: (inout Counter, ConnectionEvents) -> Void) {
    var next: Ownership<Counter>? = consume ownership
    while let current = next.take() {
        let outcome = current.run { counter, events in
            body(&counter, events)
            return true
        }
        switch consume outcome {
        case .released: return
        case .ended(let same): next = consume same
        case .unfinished(let same): next = consume same
        }
    }
}

@Suite struct MailboxTests {
    @Test func `Every interleaving has one owner and delivers every event to its own generation`() throws {
        let states = try MailboxExplorer().explore()
        #expect(states > 50_000, "the exploration still covers all of its states")
    }

    /// Mistakes in one of the three steps.
    static let mistakes: [(String, MailboxAlgorithm)] = [
        (
            "everyone who posts an event becomes an owner",
            MailboxAlgorithm(post: { $0.post($1, for: $2) || $0.generation == $2 })
        ),
        (
            "an event to an owned mailbox is dropped",
            MailboxAlgorithm(post: { $0.isOwned ? false : $0.post($1, for: $2) })
        ),
        (
            "the generation is not compared",
            MailboxAlgorithm(post: { word, events, _ in
                let generation = word.generation
                return word.post(events, for: generation)
            })
        ),
        (
            "the owner releases the mailbox although events are pending",
            MailboxAlgorithm(takeEvents: { word in
                let events = word.takeEvents()
                if events != nil { _ = word.takeEvents() }
                return events
            })
        ),
        (
            "the owner releases the mailbox without checking for events",
            MailboxAlgorithm(takeEvents: { word in
                word = MailboxWord(bits: UInt64(word.generation) << 32)
                return nil
            })
        ),
        (
            "events stay pending after they were taken",
            MailboxAlgorithm(takeEvents: { word in
                let before = word
                let events = word.takeEvents()
                if events != nil { word = before }
                return events
            })
        ),
        (
            "a mailbox is renewed with its old generation",
            MailboxAlgorithm(renew: { word in
                word = MailboxWord(bits: UInt64(word.generation) << 32 | MailboxWord().bits)
            })
        ),
        (
            "late events survive the renewal",
            MailboxAlgorithm(renew: { word in
                let late = word.events
                word.renew()
                word = MailboxWord(bits: word.bits | UInt64(late.rawValue))
            })
        ),
    ]

    @Test(arguments: mistakes.indices)
    func `The exploration detects a mistake in any step`(index: Int) {
        let (mistake, algorithm) = Self.mistakes[index]
        #expect(throws: MailboxExplorer.Fault.self, "\(mistake)") {
            try MailboxExplorer(algorithm: algorithm).explore()
        }
    }

    @Test func `Threads that post events concurrently never share the state, and no event is lost`() {
        let mailbox = {
            let ownership = Mailbox.make(index: 0, Counter())
            ownership.renew()
            let mailbox = ownership.mailbox
            run(ownership) { _, _ in }
            return mailbox
        }()
        let overlaps = Atomic<Int>(0)
        let postsPerThread = 100_000
        onThreads(4) { thread in
            let event = ConnectionEvents(rawValue: 1 << UInt8(thread))
            for _ in 0..<postsPerThread {
                guard let ownership = mailbox.post(event, for: 1) else { continue }
                run(ownership) { counter, events in
                    if counter.isInside { overlaps.add(1, ordering: .relaxed) }
                    counter.isInside = true
                    counter.value += events.rawValue.nonzeroBitCount
                    counter.isInside = false
                }
            }
        }
        #expect(overlaps.load(ordering: .relaxed) == 0)
        var value = 0
        guard let ownership = mailbox.post(.retire, for: 1) else {
            Issue.record("the ownership was lost")
            return
        }
        run(ownership) { counter, events in
            #expect(events == .retire, "nothing else was pending")
            value = counter.value
        }
        #expect((1...4 * postsPerThread).contains(value))
    }
}
