import Core
import HTTPClient
import R2
import Uploads

/// The dependencies of an endpoint that calls R2.
package struct UploadTools: Tools {
    package let signing: SigningTools
    package let storage: Storage

    package init?(_ settings: inout Settings) {
        let authoritiesFile = settings.certificateAuthoritiesFile()
        guard let signing = SigningTools(&settings) else { return nil }
        self.signing = signing
        storage = Storage(
            HTTPClient(HTTPClient.Options(maxTransfers: 64, allowsHTTP2: false, authoritiesFile: authoritiesFile)),
            signing.bucket)
    }
}
