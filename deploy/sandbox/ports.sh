# shellcheck shell=bash
# Sourced by stack and s3-server: free ports on loopback.

in_use() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
first_in_use() { # port: the first of eight ports that is in use, if any
  local number
  for number in $(seq "$1" $(($1+7))); do
    if in_use "$number"; then
      echo "$number"
      return
    fi
  done
}
choose_ports() { # sets port to PORT, or to the first of eight free ports
  local taken
  if [ -n "${PORT:-}" ]; then
    if ! [[ $PORT =~ ^[0-9]{4,5}$ ]] || [ "$PORT" -lt 1024 ] || [ "$PORT" -gt 65000 ]; then
      die "PORT must be from 1024 to 65000"
    fi
    port=$PORT
    taken=$(first_in_use "$port")
    [ -z "$taken" ] || die "port $taken is in use (PORT=$port needs $port to $((port+7))); choose another PORT"
  else
    for _ in $(seq 50); do
      port=$((20000 + 8 * (SRANDOM % 1500)))
      [ -n "$(first_in_use "$port")" ] || return 0
    done
    die "no eight consecutive free ports found; set PORT"
  fi
}
