import Glibc

/// The text of the last system call's error: `No such file or directory`.
package func errnoText(_ code: Int32 = errno) -> String {
    String(cString: strerror(code))
}
