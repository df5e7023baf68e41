import Core

package struct PushTools: Tools {
    package let seller: Seller
    package let rules: PushRules

    package init?(_ settings: inout Settings) {
        rules = PushRules(&settings)
        guard let seller = settings.seller() else { return nil }
        self.seller = seller
    }
}
