/// A process or server of the tests did not start, or did not do what the harness needs.
package struct StartFailure: Error {
    package let text: String

    package init(text: String) { self.text = text }
}
