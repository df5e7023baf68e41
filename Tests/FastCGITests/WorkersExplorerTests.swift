import Testing

/// A model of how workers poll, rest and are woken (Server.work, Workers.rest, Server.wakeWorker), step by step,
/// explored in every interleaving: there is never work that no thread will come to.
struct WorkersModel: Hashable {
    enum Worker: Hashable {
        case top, running, tryingToPoll, choosingTimeout, waitingForEvents, endingToPoll
        case countingAsResting, readingPolling, takingBackItsCount, asleep
        /// Waits for the rest of a request, for as long as it likes.
        case held
    }

    enum Poster: Hashable {
        case appending, writingWakeEvent, readingPolling, claimingRestingWorker
    }

    /// What the algorithm may leave out, to see that the exploration notices.
    struct Omissions: Hashable {
        var rereadsPolling = true
        var writesWakeEvent = true
        var wakesAnotherBeforeWaiting = true
    }

    var omissions = Omissions()
    var workers: [Worker] = [.top, .top, .top]
    var poster = Poster.appending
    var postsLeft = 3
    var ready = 0
    /// How many of the connections have sent a part of a request only.
    var partsLeft = 2
    var polling = false
    var resting = 0
    var tokens = 0
    /// An edge of the wake event that epoll_wait has not reported yet.
    var hasEdge = false

    /// Every state that one step of one thread leads to.
    func following() -> [WorkersModel] {
        workers.indices.compactMap { step(worker: $0) } + (postsLeft > 0 ? [stepOfPoster()] : [])
    }

    private func step(worker index: Int) -> WorkersModel? {
        var next = self
        func go(_ place: Worker) -> WorkersModel {
            next.workers[index] = place
            return next
        }
        switch workers[index] {
        case .top:
            guard ready > 0 else { return go(.tryingToPoll) }
            next.ready -= 1
            return go(.running)
        case .running:
            guard partsLeft > 0 else { return go(.top) }
            next.partsLeft -= 1
            if resting > 0, omissions.wakesAnotherBeforeWaiting {
                next.resting -= 1
                next.tokens += 1
            }
            return go(.held)
        case .held: return nil
        case .tryingToPoll:
            if polling { return go(.countingAsResting) }
            next.polling = true
            return go(.choosingTimeout)
        case .choosingTimeout: return go(ready > 0 ? .endingToPoll : .waitingForEvents)
        case .waitingForEvents:
            guard hasEdge else { return nil }
            next.hasEdge = false
            return go(.endingToPoll)
        case .endingToPoll:
            next.polling = false
            return go(.top)
        case .countingAsResting:
            next.resting += 1
            return go(.readingPolling)
        case .readingPolling:
            return go(polling || !omissions.rereadsPolling ? .asleep : .takingBackItsCount)
        case .takingBackItsCount:
            guard resting > 0 else { return go(.asleep) }
            next.resting -= 1
            return go(.top)
        case .asleep:
            guard tokens > 0 else { return nil }
            next.tokens -= 1
            return go(.top)
        }
    }

    private func stepOfPoster() -> WorkersModel {
        var next = self
        switch poster {
        case .appending:
            next.ready += 1
            next.poster = .writingWakeEvent
        case .writingWakeEvent:
            next.hasEdge = hasEdge || omissions.writesWakeEvent
            next.poster = .readingPolling
        case .readingPolling where !polling: next.poster = .claimingRestingWorker
        case .readingPolling:
            next.poster = .appending
            next.postsLeft -= 1
        case .claimingRestingWorker:
            if resting > 0 {
                next.resting -= 1
                next.tokens += 1
            }
            next.poster = .appending
            next.postsLeft -= 1
        }
        return next
    }

    /// A state in which no thread can go on although something is ready, or with nobody who waits for events.
    func firstFault() -> WorkersModel? {
        var seen: Set<WorkersModel> = []
        var open = [self]
        while let state = open.popLast() {
            guard seen.insert(state).inserted else { continue }
            let next = state.following()
            if next.isEmpty, state.ready > 0 || !state.polling { return state }
            open += next
        }
        return nil
    }
}

@Suite struct WorkersExplorerTests {
    @Test func `Some worker handles every ready connection in every interleaving`() {
        #expect(WorkersModel().firstFault() == nil)
    }

    @Test(arguments: [\WorkersModel.Omissions.rereadsPolling, \.writesWakeEvent, \.wakesAnotherBeforeWaiting])
    func `The exploration detects an omitted step`(step: WritableKeyPath<WorkersModel.Omissions, Bool> & Sendable)
    {
        var model = WorkersModel()
        model.omissions[keyPath: step] = false
        #expect(model.firstFault() != nil)
    }
}
