import Core
import Ozon
import Relay
import Uploads

/// The settings of `ozon-download`, and what is built from them.
struct DownloadTools: Tools {
    let seller: Seller
    /// The bucket, the rules for its keys, and the signer.
    let signing: SigningTools
    let relay: ImageRelay
    let maxArticles: Int
    /// The limit of one call to Ozon, including its retries. Each attempt gets an equal share of it.
    let timeout: Duration
    let retries: Int

    init?(_ settings: inout Settings) {
        let seller = settings.seller()
        let signing = SigningTools(&settings)
        let relay = ImageRelay(&settings, signing?.bucket)
        maxArticles = settings.integer(
            "OZON_MAX_ARTICLES", default: 5000, in: 1...100_000, "The maximum number of articles in one request.")
        timeout = settings.seconds(
            "OZON_TIMEOUT", default: 30, in: 1...600,
            "How many seconds one call to Ozon's API may take, including its retries.")
        retries = settings.integer(
            "OZON_MAX_RETRIES", default: 2, in: 0...10, "The maximum number of retries of each call to Ozon's API.")
        guard let seller, let signing, let relay else { return nil }
        self.seller = seller
        self.signing = signing
        self.relay = relay
    }
}
