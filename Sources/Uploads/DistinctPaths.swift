/// The object keys read so far from one request, including those that aren't allowed.
package final class DistinctPaths {
    private var paths: Set<String> = []

    package init() {}

    /// - Returns: false if the path is a duplicate.
    func insert(_ path: String) -> Bool { paths.insert(path).inserted }
}
