/// The faults of one request's fields, in the order in which they are found. A body of one megabyte can have half a
/// million, so after the first hundred they are only counted: neither the response nor the memory grows with them.
final class FaultList {
    private var entries: [(fault: FieldFault, isTolerated: Bool)] = []
    /// The number of entries that are not tolerated.
    private var faultCount = 0
    /// The request fails even if all of its faults are tolerated.
    var failsIfTolerated = false
    /// The number of faults that were counted and not kept.
    private var omitted = 0
    /// The request contains an object key that isn't allowed.
    var isForbidden = false

    var tolerated: [FieldFault] { entries.filter(\.isTolerated).map(\.fault) }

    /// - Parameter isTolerated: tolerated faults are always kept, because the response of a request that succeeds lists
    ///   all of them. There are at most as many as the request's lists have entries.
    func add(_ fault: FieldFault, isTolerated: Bool) {
        guard isTolerated || faultCount < Fault.maxErrors else {
            omitted += 1
            return
        }
        entries.append((fault, isTolerated))
        if !isTolerated { faultCount += 1 }
    }

    /// Why the request fails, or nil. Tolerated faults are listed too, in order, as far as the others leave room for
    /// them.
    var fault: Fault? {
        guard faultCount > 0 || failsIfTolerated && !entries.isEmpty else { return nil }
        var room = Fault.maxErrors - faultCount
        let listed = entries.filter { entry in
            guard entry.isTolerated else { return true }
            room -= 1
            return room >= 0
        }
        return Fault(errors: listed.map(\.fault), omitted: omitted + entries.count - listed.count)
    }
}
