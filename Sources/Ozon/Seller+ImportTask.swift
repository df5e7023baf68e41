import Core
import JSON
import Telemetry
import Upstreams

extension Seller {
    /// `POST /v1/product/import/info`: `{"result": {"total": 1, "items": […]}}`.
    func taskItems(_ id: Int, as credential: Credential, within budget: RetryBudget) async throws -> [ResponseValue] {
        let response = try await post("/v1/product/import/info", as: credential, within: budget) { json in
            json.object { $0.member("task_id", id) }
        }
        return try response.object("result").list("items")
    }

    /// Polls until the task has finished or time is nearly up, with growing pauses of at most 4 s. A poll with a
    /// transient error or an unusable response is repeated, unless Ozon requests a wait that time doesn't suffice for.
    /// - Parameter firstPause: the pause before the first poll.
    /// - Parameter reserve: the time to keep for the calls that follow.
    /// - Throws: the error of the last poll. It does not concern the import, which Ozon has already accepted.
    func awaitImportTask(
        _ id: Int, offerID: String?, productID: Int, as credential: Credential, within budget: RetryBudget,
        firstPause: Duration = .milliseconds(500), reserve: Duration
    ) async throws -> ImportTask {
        var pause = firstPause
        var fault: Fault?
        let budget = budget.reserving(reserve)
        // A poll must have time for Ozon's response.
        let shortestPoll = min(reserve, .seconds(1))
        while pause + shortestPoll < budget.remaining {
            try await RequestTrace.pause(for: pause)
            do {
                let items = try await taskItems(id, as: credential, within: budget)
                let task = try ImportTask(items, offerID: offerID, productID: productID)
                if task.endsPolling { return task }
                fault = nil
            } catch let error as Fault
                where [.ozonTimeout, .ozonUnavailable, .ozonBadAnswer, .rateLimited].contains(error.code)
            {
                if let wait = error.retryAfter, .seconds(wait) >= budget.remaining { throw error }
                fault = error
            }
            pause = min(max(pause * 3 / 2, .milliseconds(500)), .seconds(4))
        }
        if let fault { throw fault }
        return ImportTask(status: .pending)
    }
}
