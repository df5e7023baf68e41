import Testing

/// A step-by-step model of how workers poll, rest and are woken (Server.work, Workers.rest, Server.wakeWorker).
/// Exploring every interleaving shows that no ready connection is left without a worker.
struct WorkersModel: Hashable {
    enum Worker: Hashable {
        case top, running, tryingToPoll, choosingTimeout, waitingForEvents, endingToPoll
        case countingAsResting, readingPolling, takingBackItsCount, asleep
        /// Waits for the rest of a request, without a limit.
        case held
    }

    enum Poster: Hashable {
        case appending, writingWakeEvent, readingPolling, claimingRestingWorker
    }

    /// The steps that a test can switch off to prove that the exploration detects their absence.
    struct Steps: Hashable {
        var rereadsPolling = true
        var writesWakeEvent = true
        var wakesAnotherBeforeWaiting = true
    }

    var steps = Steps()
    var workers: [Worker] = [.top, .top, .top]
    var poster = Poster.appending
    var postsLeft = 3
    var ready = 0
    /// The number of connections that have sent only a part of a request.
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
            if resting > 0, steps.wakesAnotherBeforeWaiting {
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
            return go(polling || !steps.rereadsPolling ? .asleep : .takingBackItsCount)
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
            next.hasEdge = hasEdge || steps.writesWakeEvent
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

    /// A state in which no thread can continue although a connection is ready or no worker waits for events.
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

    @Test(arguments: [\WorkersModel.Steps.rereadsPolling, \.writesWakeEvent, \.wakesAnotherBeforeWaiting])
    func `The exploration detects an omitted step`(step: WritableKeyPath<WorkersModel.Steps, Bool> & Sendable) {
        var model = WorkersModel()
        model.steps[keyPath: step] = false
        #expect(model.firstFault() != nil)
    }
}
