# shellcheck shell=bash
# Sourced by demo and test: steps with their times, a directory for a run's temporary files, and an end that leaves
# neither processes nor files behind, whatever ends the run.
# shellcheck disable=SC2154 # the sourcing script sets here
export LC_ALL=C.UTF-8

die() { echo "${0##*/}: $*" >&2; exit 1; }
started=$EPOCHREALTIME
elapsed() { awk "BEGIN { printf \"%.1f s\", $EPOCHREALTIME - $started }"; }
step() { echo "== $* ($(elapsed))"; }

dir='' child='' signal=''
# Programs keep their temporary files in $dir/tmp: what Swift and pip forget there is deleted with it.
make_dir() {
  dir=$(realpath "$(mktemp -d "${TMPDIR:-/tmp}/ozon-r2.XXXXXX")")
  mkdir "$dir/tmp"
  export TMPDIR=$dir/tmp
}
# Swift, interrupted while it compiles Package.swift, ends before its compiler, which would create files in $dir again.
remove_dir() {
  local number pids deadline=$((SECONDS + 10))
  while [ -n "$signal" ]; do
    # Without the variable, so that grep and cut aren't found themselves.
    pids=$(unset TMPDIR; grep -lsF "TMPDIR=$dir/tmp" /proc/[0-9]*/environ | cut -d / -f 3 || true)
    [ -n "$pids" ] || break
    if [ "$SECONDS" -ge "$deadline" ]; then
      for number in $pids; do kill -KILL "$number" 2>/dev/null || true; done
    fi
    sleep 0.1
  done
  rm -rf "$dir"
}

# Runs a command in the background, so that a signal interrupts the wait. Bash lets background commands ignore INT, but
# a build that doesn't see Ctrl-C leaves its compilers running.
run() { # command...
  local code=0
  (trap - INT QUIT; exec "$@") &
  child=$!
  wait "$child" || code=$?
  child=''
  [ "$code" != 141 ] || exit 141 # SIGPIPE: nobody reads the output any more
  return "$code"
}
child_ends() { # seconds
  local deadline=$((SECONDS + $1))
  while kill -0 "$child" 2>/dev/null; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.05
  done
}
end_child() {
  [ -n "$child" ] || return 0
  # Ctrl-C has reached the child as well. A second INT could interrupt its cleaning up.
  if [ "$signal" = INT ] && child_ends 3; then return 0; fi
  kill -INT "$child" 2>/dev/null || return 0
  child_ends 30 || kill -KILL "$child" 2>/dev/null || true
}
# Sets what runs at the end of the script, with the exit code as its argument.
at_end() { # command
  local name
  # shellcheck disable=SC2064 # the command is known now
  trap "code=\$?; trap '' INT QUIT TERM HUP PIPE; trap - EXIT; end_child; $1 \$code; exit \$code" EXIT
  for name in INT QUIT TERM HUP; do
    # shellcheck disable=SC2064 # and so is the name
    trap "signal=$name; echo; echo stopping; exit 1" "$name"
  done
  trap 'signal=PIPE; exit 141' PIPE
}
