/// The faults of one request's fields, in the order they are found. A body of one megabyte can have half a million:
/// after the first hundred the others are counted only, so that neither the answer nor the memory grows with them.
final class FaultList {
    private var entries: [(fault: FieldFault, isReport: Bool)] = []
    /// How many of the entries are no reports.
    private var refusals = 0
    /// Reports are reasons too.
    private var reportsRefuse = false
    /// How many refusals were counted and not kept.
    private var omitted = 0
    /// An object key isn't allowed.
    var isForbidden = false

    var reports: [FieldFault] { entries.filter(\.isReport).map(\.fault) }

    /// - Parameter isReport: reports are always kept, because the answer of a request that succeeds lists all of them.
    ///   There are no more of them than entries in its lists.
    func add(_ fault: FieldFault, isReport: Bool) {
        guard isReport || refusals < Fault.maxErrors else {
            omitted += 1
            return
        }
        entries.append((fault, isReport))
        if !isReport { refusals += 1 }
    }

    func failReports() {
        reportsRefuse = true
    }

    /// Why the request is refused; nil: it isn't. Reports are listed too, in their places, as far as the refusals leave
    /// room for them.
    var refusal: Fault? {
        guard refusals > 0 || reportsRefuse && !entries.isEmpty else { return nil }
        var room = Fault.maxErrors - refusals
        let listed = entries.filter { entry in
            guard entry.isReport else { return true }
            room -= 1
            return room >= 0
        }
        return Fault(errors: listed.map(\.fault), omitted: omitted + entries.count - listed.count)
    }
}
