/// The object keys of one request so far, including those that aren't allowed.
package final class DistinctPaths {
    private var paths: Set<String> = []

    package init() {}

    /// - Returns: false if the path was there already.
    func insert(_ path: String) -> Bool { paths.insert(path).inserted }
}
