# shellcheck shell=bash
# Sourced by stack and s3-server: starts processes, and ends only the processes that it started. $dir/pids has lines
# "pid start-time name"; a different start time means that the pid has been reused. Logs are in $dir/log/NAME.log.
# shellcheck disable=SC2154 # the sourcing script sets dir

start_time() { sed -n 's/.*) //; /^[^ZX]/p' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; } # empty for a zombie
alive() { [ -n "$2" ] && [ "$(start_time "$1")" = "$2" ]; }

spawn() { # name command...: starts it in a session of its own, which Ctrl-C does not reach
  local name=$1; shift
  setsid "$@" >>"$dir/log/$name.log" 2>&1 </dev/null &
  echo "$! $(start_time $!) $name" >>"$dir/pids"
}

processes() { # command...: runs the command for each live process, with its pid and name appended
  local pid since name
  [ -f "$dir/pids" ] || return 0
  while read -r pid since name; do
    if alive "$pid" "$since"; then "$@" "$pid" "$name"; fi
  done <"$dir/pids"
}
count_alive() { processes echo | wc -l; }

send() { kill "-$1" -- "$2" 2>/dev/null || true; }
# Without the group, nginx's workers would outlive a killed master.
send_group() { kill "-$1" -- "-$2" 2>/dev/null || true; }
end_all() { # send|send_group signal tenths-of-a-second
  processes "$1" "$2"
  for _ in $(seq "$3"); do
    [ "$(count_alive)" != 0 ] || return 0 # in a trap, `return` alone has the status from before it
    sleep 0.1
  done
}
end_processes() {
  [ -f "$dir/pids" ] || return 0
  end_all send TERM 60
  end_all send_group KILL 30
  rm -f "$dir/pids"
}
