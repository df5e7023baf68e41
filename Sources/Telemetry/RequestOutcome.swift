/// How a request ended, as it is counted and logged.
package enum RequestOutcome: Equatable, Sendable {
    case ok
    case error(ErrorCode)

    static let all: [RequestOutcome] = [.ok] + ErrorCode.allCases.map { .error($0) }

    /// The position in `all`.
    var index: Int {
        switch self {
        case .ok: 0
        case .error(let code): 1 + code.rawValue
        }
    }

    package var status: Int {
        switch self {
        case .ok: 200
        case .error(let code): code.status
        }
    }

    var name: String {
        switch self {
        case .ok: "OK"
        case .error(let code): code.name
        }
    }
}
