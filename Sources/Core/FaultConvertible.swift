import Telemetry

/// An error of another module that becomes a response.
package protocol FaultConvertible: Error {
    var fault: Fault { get }
}

extension Fault {
    /// The fault that a client sees for an error. An error of an unknown type is `internalError`, and its description
    /// is only logged.
    package init(_ error: any Error) {
        self =
            switch error {
            case let fault as Fault: fault
            case let error as any FaultConvertible: error.fault
            case is CancellationError: Fault(.clientClosedRequest)
            default: Fault(.internalError, cause: "\(error)")
            }
    }
}
