import Testing

@testable import Uploads

@Suite struct SelfTestTests {
    @Test func `Libcrypto computes AWS's own example`() {
        #expect(signsLikeAWS())
    }
}
