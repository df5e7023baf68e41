# shellcheck shell=bash
# Sourced by demo, stack and s3-server: free ports on loopback.

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
check_ports() { # name port: exits if the port and the seven above it can't be used; name is what the user calls it
  local taken
  [[ $2 =~ ^[1-9][0-9]{3,4}$ && $2 -ge 1024 && $2 -le 65528 ]] ||
    die "$1 must be a decimal number from 1024 to 65528, not '$2'"
  taken=$(first_in_use "$2")
  [ -z "$taken" ] || die "port $taken is in use ($1 $2 needs $2 to $(($2+7))); choose another $1"
}
choose_ports() { # sets port to PORT, or to the first of eight free ports
  if [ -n "${PORT:-}" ]; then
    check_ports PORT "$PORT"
    port=$PORT
  else
    for _ in $(seq 50); do
      port=$((20000 + 8 * (SRANDOM % 1500)))
      [ -n "$(first_in_use "$port")" ] || return 0
    done
    die "no eight consecutive free ports found; set PORT"
  fi
}
