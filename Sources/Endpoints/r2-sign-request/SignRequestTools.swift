import Core
import Uploads

struct SignRequestTools: Tools {
    let signing: SigningTools
    let allowsDelete: Bool

    init?(_ settings: inout Settings) {
        let signing = SigningTools(&settings)
        allowsDelete = settings.bool("R2_ALLOW_DELETE", default: false, "Whether the deletion of objects is signed.")
        guard let signing else { return nil }
        self.signing = signing
    }
}
