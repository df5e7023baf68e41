@testable import FastCGI

/// The three steps of a mailbox's word, so that tests can explore broken ones as well.
struct MailboxAlgorithm: Sendable {
    var post: @Sendable (inout MailboxWord, ConnectionEvents, UInt32) -> Bool = { $0.post($1, for: $2) }
    var takeEvents: @Sendable (inout MailboxWord) -> ConnectionEvents? = { $0.takeEvents() }
    var renew: @Sendable (inout MailboxWord) -> Void = { $0.renew() }
}

/// Explores every interleaving of four threads that share one mailbox as they do in the server: three workers, which
/// deliver events (including late ones), run the mailboxes they own, and renew the mailbox; and one thread on which
/// handlers end. Each atomic change is two steps, a load and a compare-and-exchange that may fail, as in
/// `Mailbox.update`.
struct MailboxExplorer {
    /// A violated rule, with the state that violates it.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// Events on their way to the mailbox. `life` counts from 1 how often the mailbox was renewed, independently of the
    /// algorithm's generation.
    struct Delivery: Hashable {
        let events: UInt8
        let generation: UInt32
        let life: UInt8
    }

    /// The state of a thread. `old` is the word it has loaded for its next compare-and-exchange.
    enum Thread: Hashable {
        case free
        case posting(Delivery, old: UInt64?)
        case taking(old: UInt64?)
        case running(UInt8)
        case renewing(old: UInt64?)
    }

    struct World: Hashable {
        var word = MailboxWord().bits
        var threads = [Thread](repeating: .free, count: 4)
        var life: UInt8 = 0
        /// What epoll has not delivered yet.
        var deliveries: Set<Delivery> = []
        /// True if the mailbox is in the list of free ones, or in the queue of those that wait for a worker.
        var isInFreeList = true
        var isInQueue = false
        // Only the owner may access these two.
        var isResponding = false
        var hasHungUp = false
        /// The life whose handler is running or has ended without a worker noticing it; 0 if there is none.
        var running: UInt8 = 0
        var ended: UInt8 = 0
        /// ConnectionEvents that were posted in this life and not taken yet.
        var posted: UInt8 = 0

        var generation: UInt32 { MailboxWord(bits: word).generation }
    }

    static let handlerThread = 3
    var algorithm = MailboxAlgorithm()
    /// The events of each life, in addition to its handler's end.
    var events: [ConnectionEvents] = [.readable, .hungUp]
    var lives: UInt8 = 3

    /// - Returns: the number of states explored.
    func explore() throws(Fault) -> Int {
        var seen: Set<World> = []
        var next = [World()]
        while let world = next.popLast() {
            guard seen.insert(world).inserted else { continue }
            try checkOwners(world)
            let following = try self.following(world)
            if following.isEmpty { try checkEnd(world) }
            next += following
        }
        return seen.count
    }

    /// There is exactly one owner if the word is marked as owned, and none otherwise.
    private func checkOwners(_ world: World) throws(Fault) {
        let owners =
            world.threads.filter { thread in
                switch thread {
                case .taking, .running, .renewing: true
                case .free, .posting: false
                }
            }.count + (world.isInFreeList ? 1 : 0) + (world.isInQueue ? 1 : 0)
        let expected = MailboxWord(bits: world.word).isOwned ? 1 : 0
        if owners != expected { throw Fault(description: "\(owners) owners instead of \(expected): \(world)") }
    }

    private func checkEnd(_ world: World) throws(Fault) {
        if world.posted != 0, !world.isInFreeList { throw Fault(description: "an event was lost: \(world)") }
        if world.running != 0 || world.ended != 0 {
            throw Fault(description: "a handler's end was not noticed: \(world)")
        }
    }

    private func following(_ world: World) throws(Fault) -> [World] {
        var result: [World] = []
        for thread in world.threads.indices {
            if world.threads[thread] == .free {
                result += begin(thread, world)
            } else {
                result.append(try step(thread, world))
            }
        }
        return result
    }

    /// The states after each step that a free thread may begin.
    private func begin(_ thread: Int, _ world: World) -> [World] {
        func with(_ change: (inout World) -> Void) -> World {
            var new = world
            change(&new)
            return new
        }
        if thread == Self.handlerThread {
            if world.running == 0 { return [] }
            return [
                with {
                    let end = Delivery(
                        events: ConnectionEvents.output.rawValue, generation: $0.generation, life: $0.running)
                    ($0.running, $0.ended) = (0, $0.running)
                    $0.threads[thread] = .posting(end, old: nil)
                }
            ]
        }
        var result = world.deliveries.map { delivery in
            with {
                $0.deliveries.remove(delivery)
                $0.threads[thread] = .posting(delivery, old: nil)
            }
        }
        if world.isInQueue {
            result.append(
                with {
                    $0.isInQueue = false
                    $0.threads[thread] = .taking(old: nil)
                })
        }
        if world.isInFreeList, world.life < lives {
            result.append(
                with {
                    $0.isInFreeList = false
                    $0.threads[thread] = .renewing(old: nil)
                })
        }
        return result
    }

    private func step(_ thread: Int, _ world: World) throws(Fault) -> World {
        var new = world
        switch world.threads[thread] {
        case .free: break
        case .posting(let delivery, nil): new.threads[thread] = .posting(delivery, old: world.word)
        case .taking(nil): new.threads[thread] = .taking(old: world.word)
        case .renewing(nil): new.threads[thread] = .renewing(old: world.word)
        case .posting(let delivery, let old?):
            guard old == world.word else {
                new.threads[thread] = .posting(delivery, old: nil)
                break
            }
            var word = MailboxWord(bits: old)
            if world.life == delivery.life { new.posted |= delivery.events }
            let owns = algorithm.post(&word, ConnectionEvents(rawValue: delivery.events), delivery.generation)
            new.word = word.bits
            let isWorker = thread != Self.handlerThread
            new.threads[thread] = owns && isWorker ? .taking(old: nil) : .free
            // The handler's thread doesn't run the mailbox; it hands the ownership to a worker.
            if owns, !isWorker {
                if new.isInQueue { throw Fault(description: "queued twice: \(new)") }
                new.isInQueue = true
            }
        case .taking(let old?):
            guard old == world.word else {
                new.threads[thread] = .taking(old: nil)
                break
            }
            var word = MailboxWord(bits: old)
            let events = algorithm.takeEvents(&word)
            new.word = word.bits
            guard let events else {
                new.threads[thread] = .free
                break
            }
            if events.rawValue & ~world.posted != 0 {
                throw Fault(description: "an event of another life was taken: \(new)")
            }
            new.posted &= ~events.rawValue
            new.threads[thread] = .running(events.rawValue)
        case .running(let events): run(ConnectionEvents(rawValue: events), thread, &new)
        case .renewing(let old?):
            guard old == world.word else {
                new.threads[thread] = .renewing(old: nil)
                break
            }
            var word = MailboxWord(bits: old)
            algorithm.renew(&word)
            new.word = word.bits
            (new.isResponding, new.hasHungUp) = (false, false)
            new.life += 1
            new.posted = 0
            for event in events {
                new.deliveries.insert(
                    Delivery(events: event.rawValue, generation: word.generation, life: new.life))
            }
            new.threads[thread] = .taking(old: nil)
        }
        return new
    }

    /// The server's reaction to these events (Server.advance).
    private func run(_ events: ConnectionEvents, _ thread: Int, _ world: inout World) {
        if events.contains(.hungUp) { world.hasHungUp = true }
        if events.contains(.readable), !world.isResponding {
            world.isResponding = true
            world.running = world.life
        }
        if world.ended == world.life {
            world.ended = 0
            world.isResponding = false
        }
        if world.hasHungUp, !world.isResponding {
            world.isInFreeList = true
            world.threads[thread] = .free
        } else {
            world.threads[thread] = .taking(old: nil)
        }
    }
}
