import R2
import Testing

@Suite struct PartPlanTests {
    private let mebibyte = 1 << 20

    @Test(arguments: [
        (1, 5, 1), (5 << 20, 5, 1), (5 << 20 + 1, 5, 2), (100 << 20, 5, 20), (50_000 << 20, 5, 10_000),
        (50_000 << 20 + 1, 6, 8334), (60_000 << 20, 6, 10_000), (60_000 << 20 + 1, 7, 8572), (1 << 40, 105, 9987),
    ])
    func `The default part size is 5 MiB, or as many whole MiB as 10,000 parts need`(
        _ size: Int, _ mebibytes: Int, _ count: Int
    ) throws {
        let plan = try #require(PartPlan(size: size, partSize: nil))
        #expect(plan.partSize == mebibytes * mebibyte)
        #expect(plan.count == count)
    }

    @Test
    func `The parts of an object are equal except for the last one, which is not larger`()
        throws
    {
        let edges = [1, 5 << 20, 10 << 20, 50_000 << 20, 1 << 40, PartPlan.maxBytes].flatMap { [$0 - 1, $0, $0 + 1] }
        for size in edges + (0..<500).map({ $0 * 7_919_000_003 + 1 }) where size > 0 && size <= PartPlan.maxBytes {
            let plan = try #require(PartPlan(size: size, partSize: nil))
            let last = plan.size(ofPart: plan.count)
            #expect((1...PartPlan.maxParts).contains(plan.count), "\(size)")
            #expect(PartPlan.allowedSizes.contains(plan.partSize), "\(size)")
            #expect((1...plan.partSize).contains(last), "\(size)")
            #expect((plan.count - 1) * plan.partSize + last == size)
            if plan.count > 1 { #expect(plan.size(ofPart: 1) == plan.partSize) }
            #expect(
                plan == PartPlan(size: size, partSize: plan.partSize),
                "the same part size, if given, makes the same plan")
        }
    }

    @Test func `The largest object and one of 5 TiB fit`() throws {
        for size in [PartPlan.maxBytes, 5 << 40] {
            let plan = try #require(PartPlan(size: size, partSize: nil))
            #expect(plan.count <= 10_000)
            #expect(plan.partSize <= PartPlan.allowedSizes.upperBound)
            #expect(plan.partSize.isMultiple(of: mebibyte))
        }
        #expect(PartPlan.maxBytes == Int(4.995 * Double(1 << 40)))
        #expect(PartPlan.allowedSizes.upperBound == Int(4.995 * Double(1 << 30)))
    }

    @Test func `A given part size is used if it results in at most 10,000 parts`() throws {
        #expect(try #require(PartPlan(size: 100, partSize: 5 << 20)).count == 1)
        #expect(try #require(PartPlan(size: 100 << 20, partSize: 33 << 20)).count == 4)
        #expect(try #require(PartPlan(size: 50_000 << 20, partSize: 5 << 20)).count == 10_000)
        #expect(PartPlan(size: 50_000 << 20 + 1, partSize: 5 << 20) == nil)
        #expect(PartPlan(size: PartPlan.maxBytes, partSize: PartPlan.allowedSizes.lowerBound) == nil)
        #expect(
            try #require(PartPlan(size: PartPlan.maxBytes, partSize: PartPlan.allowedSizes.upperBound)).count == 1025)
    }
}
