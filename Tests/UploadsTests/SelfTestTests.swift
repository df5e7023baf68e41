import Testing

@testable import Uploads

@Suite struct SelfTestTests {
    @Test("libcrypto computes AWS's own example")
    func selfCheck() {
        #expect(signsLikeAWS())
    }
}
