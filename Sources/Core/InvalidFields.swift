/// Thrown when fields of a request are missing or wrong. The faults themselves are recorded in `Fields`.
package struct InvalidFields: Error {}
