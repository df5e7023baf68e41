/// A remote service that this process calls.
package enum Upstream: Int, CaseIterable, Sendable {
    case ozon, r2, cdn

    var name: String { "\(self)" }
}
