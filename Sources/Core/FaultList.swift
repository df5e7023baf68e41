/// The faults of one request's fields, in the order they are found. A body of one megabyte can have half a million:
/// after the first hundred the others are counted only, so that neither the answer nor the memory grows with them.
final class FaultList {
    private var entries: [(fault: FieldFault, isReport: Bool)] = []
    /// How many faults were counted and not kept.
    private(set) var omitted = 0
    /// Something is a reason to refuse the request.
    private(set) var isRefusal = false
    /// An object key isn't allowed.
    var isForbidden = false

    var all: [FieldFault] { entries.map(\.fault) }
    var reports: [FieldFault] { entries.filter(\.isReport).map(\.fault) }

    /// - Parameter isReport: reports are always kept, because the answer of a request that succeeds lists all of them.
    ///   There are no more of them than entries in its lists.
    func add(_ fault: FieldFault, isReport: Bool) {
        if !isReport { isRefusal = true }
        if isReport || entries.count < Fault.maxErrors { entries.append((fault, isReport)) } else { omitted += 1 }
    }

    func failReports() {
        if !entries.isEmpty { isRefusal = true }
        for index in entries.indices { entries[index].isReport = false }
    }
}
