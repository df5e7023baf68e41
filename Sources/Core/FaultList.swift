/// The faults of one request's fields, in the order in which they are found. A body of one megabyte can have half a
/// million, so after the first hundred they are only counted: neither the response nor the memory grows with them.
final class FaultList {
    private var entries: [(fault: FieldFault, isWarning: Bool)] = []
    /// The number of entries that are not warnings.
    private var faultCount = 0
    private var warningsFail = false
    /// The number of faults that were counted and not kept.
    private var omitted = 0
    /// The request contains an object key that isn't allowed.
    var isForbidden = false

    var warnings: [FieldFault] { entries.filter(\.isWarning).map(\.fault) }

    /// - Parameter isWarning: warnings are always kept, because the response of a request that succeeds lists all of
    ///   them. There are at most as many as the request's lists have entries.
    func add(_ fault: FieldFault, isWarning: Bool) {
        guard isWarning || faultCount < Fault.maxErrors else {
            omitted += 1
            return
        }
        entries.append((fault, isWarning))
        if !isWarning { faultCount += 1 }
    }

    func failWarnings() {
        warningsFail = true
    }

    /// Why the request fails, or nil. Warnings are listed too, in their order, as far as the faults leave room for
    /// them.
    var fault: Fault? {
        guard faultCount > 0 || warningsFail && !entries.isEmpty else { return nil }
        var room = Fault.maxErrors - faultCount
        let listed = entries.filter { entry in
            guard entry.isWarning else { return true }
            room -= 1
            return room >= 0
        }
        return Fault(errors: listed.map(\.fault), omitted: omitted + entries.count - listed.count)
    }
}
