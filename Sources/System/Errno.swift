import Glibc

/// The text of an errno, by default of the last system call's: `No such file or directory`.
package func errnoText(_ code: Int32 = errno) -> String {
    String(cString: strerror(code))
}
