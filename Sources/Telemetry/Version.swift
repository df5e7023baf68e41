/// The version of every executable; deploy/package reads it from this line.
package let version = "0.1.0"
