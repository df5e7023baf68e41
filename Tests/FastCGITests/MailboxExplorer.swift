@testable import FastCGI

/// The three steps of a mailbox's word, so that tests can explore broken ones as well.
struct MailboxAlgorithm: Sendable {
    var post: @Sendable (inout MailboxWord, ConnectionEvents, UInt32) -> Bool = { $0.post($1, for: $2) }
    var takeSignals: @Sendable (inout MailboxWord) -> ConnectionEvents? = { $0.takeEvents() }
    var renew: @Sendable (inout MailboxWord) -> Void = { $0.renew() }
}

/// Goes through every interleaving of four threads around one mailbox, in the part that the server gives them: three
/// workers, which deliver events (late ones too), run what they own, and open the record again; and one thread on which
/// handlers end. Each atomic change is two steps, a load and a compare-and-exchange that may fail, as in
/// `Mailbox.update`.
struct MailboxExplorer {
    /// What is wrong with an algorithm, and the steps that led there.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// A signal on its way. Lives count from 1 how often the record was opened, whatever the algorithm makes of them.
    struct Event: Hashable {
        let signals: UInt8
        let generation: UInt32
        let life: UInt8
    }

    /// Where a thread is. `old` is what it has loaded for the exchange that comes next.
    enum Place: Hashable {
        case free
        case leaving(Event, old: UInt64?)
        case taking(old: UInt64?)
        case running(UInt8)
        case renewing(old: UInt64?)
    }

    struct World: Hashable {
        var word = MailboxWord().bits
        var places = [Place](repeating: .free, count: 4)
        var life: UInt8 = 0
        /// Events that epoll has not delivered yet.
        var events: Set<Event> = []
        /// The mailbox is in the list of free ones, or in the queue of those that wait for a worker.
        var isInFreeList = true
        var isInQueue = false
        // What only the owner may touch.
        var isAnswering = false
        var hasHungUp = false
        /// The life whose handler runs, or has ended unseen; 0: none.
        var running: UInt8 = 0
        var ended: UInt8 = 0
        /// ConnectionEvents that were left in this life and not taken yet.
        var left: UInt8 = 0

        var generation: UInt32 { MailboxWord(bits: word).generation }
    }

    static let handlerThread = 3
    var algorithm = MailboxAlgorithm()
    /// The events of each life, beside its handler's end.
    var events: [ConnectionEvents] = [.readable, .hungUp]
    var lives: UInt8 = 3

    /// The number of states explored.
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

    /// Exactly one place has the ownership if the word says that there is an owner, and none has it otherwise.
    private func checkOwners(_ world: World) throws(Fault) {
        let owners =
            world.places.filter { place in
                switch place {
                case .taking, .running, .renewing: true
                case .free, .leaving: false
                }
            }.count + (world.isInFreeList ? 1 : 0) + (world.isInQueue ? 1 : 0)
        let expected = MailboxWord(bits: world.word).isOwned ? 1 : 0
        if owners != expected { throw Fault(description: "\(owners) owners instead of \(expected): \(world)") }
    }

    private func checkEnd(_ world: World) throws(Fault) {
        if world.left != 0, !world.isInFreeList { throw Fault(description: "a signal was lost: \(world)") }
        if world.running != 0 || world.ended != 0 {
            throw Fault(description: "a handler's end was never seen: \(world)")
        }
    }

    private func following(_ world: World) throws(Fault) -> [World] {
        var result: [World] = []
        for thread in world.places.indices {
            if world.places[thread] == .free {
                result += begin(thread, world)
            } else {
                result.append(try step(thread, world))
            }
        }
        return result
    }

    /// What a thread that is free may begin.
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
                    let end = Event(
                        signals: ConnectionEvents.output.rawValue, generation: $0.generation, life: $0.running)
                    ($0.running, $0.ended) = (0, $0.running)
                    $0.places[thread] = .leaving(end, old: nil)
                }
            ]
        }
        var result = world.events.map { event in
            with {
                $0.events.remove(event)
                $0.places[thread] = .leaving(event, old: nil)
            }
        }
        if world.isInQueue {
            result.append(
                with {
                    $0.isInQueue = false
                    $0.places[thread] = .taking(old: nil)
                })
        }
        if world.isInFreeList, world.life < lives {
            result.append(
                with {
                    $0.isInFreeList = false
                    $0.places[thread] = .renewing(old: nil)
                })
        }
        return result
    }

    private func step(_ thread: Int, _ world: World) throws(Fault) -> World {
        var new = world
        switch world.places[thread] {
        case .free: break
        case .leaving(let event, nil): new.places[thread] = .leaving(event, old: world.word)
        case .taking(nil): new.places[thread] = .taking(old: world.word)
        case .renewing(nil): new.places[thread] = .renewing(old: world.word)
        case .leaving(let event, let old?):
            guard old == world.word else {
                new.places[thread] = .leaving(event, old: nil)
                break
            }
            var word = MailboxWord(bits: old)
            if world.life == event.life { new.left |= event.signals }
            let owns = algorithm.post(&word, ConnectionEvents(rawValue: event.signals), event.generation)
            new.word = word.bits
            let isWorker = thread != Self.handlerThread
            new.places[thread] = owns && isWorker ? .taking(old: nil) : .free
            // The handler's thread runs nothing: it hands the ownership to a worker.
            if owns, !isWorker {
                if new.isInQueue { throw Fault(description: "queued twice: \(new)") }
                new.isInQueue = true
            }
        case .taking(let old?):
            guard old == world.word else {
                new.places[thread] = .taking(old: nil)
                break
            }
            var word = MailboxWord(bits: old)
            let signals = algorithm.takeSignals(&word)
            new.word = word.bits
            guard let signals else {
                new.places[thread] = .free
                break
            }
            if signals.rawValue & ~world.left != 0 {
                throw Fault(description: "a signal of another life was taken: \(new)")
            }
            new.left &= ~signals.rawValue
            new.places[thread] = .running(signals.rawValue)
        case .running(let signals): run(ConnectionEvents(rawValue: signals), thread, &new)
        case .renewing(let old?):
            guard old == world.word else {
                new.places[thread] = .renewing(old: nil)
                break
            }
            var word = MailboxWord(bits: old)
            algorithm.renew(&word)
            new.word = word.bits
            (new.isAnswering, new.hasHungUp) = (false, false)
            new.life += 1
            new.left = 0
            for signals in events {
                new.events.insert(
                    Event(signals: signals.rawValue, generation: word.generation, life: new.life))
            }
            new.places[thread] = .taking(old: nil)
        }
        return new
    }

    /// What the server does for these signals (Server.advance).
    private func run(_ signals: ConnectionEvents, _ thread: Int, _ world: inout World) {
        if signals.contains(.hungUp) { world.hasHungUp = true }
        if signals.contains(.readable), !world.isAnswering {
            world.isAnswering = true
            world.running = world.life
        }
        if world.ended == world.life {
            world.ended = 0
            world.isAnswering = false
        }
        if world.hasHungUp, !world.isAnswering {
            world.isInFreeList = true
            world.places[thread] = .free
        } else {
            world.places[thread] = .taking(old: nil)
        }
    }
}
