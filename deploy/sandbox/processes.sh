# shellcheck shell=bash
# Sourced by stack and s3-server: starting processes and ending these and no others.
# $dir/pids has lines "pid start-time name"; the start time tells a reused pid apart. Logs go to $dir/log/NAME.log.
# shellcheck disable=SC2154 # dir is the sourcing script's

start_time() { sed -n 's/.*) //; /^[^ZX]/p' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; } # empty for a zombie
alive() { [ -n "$2" ] && [ "$(start_time "$1")" = "$2" ]; }

spawn() { # name command... : in a session of its own, so that Ctrl-C doesn't reach it
  local name=$1; shift
  setsid "$@" >>"$dir/log/$name.log" 2>&1 </dev/null &
  echo "$! $(start_time $!) $name" >>"$dir/pids"
}

processes() { # command pid name : once for each that lives
  local pid since name
  [ -f "$dir/pids" ] || return 0
  while read -r pid since name; do if alive "$pid" "$since"; then "$@" "$pid" "$name"; fi; done <"$dir/pids"
}
count_alive() { processes echo | wc -l; }

send() { kill "-$1" -- "$2" 2>/dev/null || true; }
send_group() { kill "-$1" -- "-$2" 2>/dev/null || true; } # nginx's workers outlive a killed master otherwise
end_all() { # send|send_group signal tenths-of-a-second
  processes "$1" "$2"
  for _ in $(seq "$3"); do [ "$(count_alive)" = 0 ] && return; sleep 0.1; done
}
end_processes() {
  if [ -f "$dir/pids" ]; then end_all send TERM 60; end_all send_group KILL 30; rm -f "$dir/pids"; fi
}
