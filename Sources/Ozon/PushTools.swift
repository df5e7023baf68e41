import Core

package struct PushTools {
    package let seller: Seller
    package let rules: PushRules
    let pushes: PushTable
}

extension PushTools: Tools {
    package init?(_ settings: inout Settings) {
        rules = PushRules(&settings)
        guard let seller = settings.seller() else { return nil }
        self.seller = seller
        pushes = PushTable(directory: runtimeDirectory())
    }
}
