/// A process or server of the tests did not start, or did not do what the harness needs.
struct StartFailure: Error { let text: String }
