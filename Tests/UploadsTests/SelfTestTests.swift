import Testing

@testable import Uploads

@Suite struct SelfTestTests {
    @Test func `The self-test computes AWS's example signature`() {
        #expect(signsLikeAWS())
    }
}
