# shellcheck shell=bash
# Sourced by stack: reads a file of settings, lines NAME=value. "export ", quotes, comments and blank lines are read as
# by systemd and shells.

read_settings() { # file: sets the array settings to its lines NAME=value; returns 1 after reporting all wrong lines
  local setting wrong=()
  [ -r "$1" ] || { echo "${0##*/}: cannot read $1" >&2; return 1; }
  mapfile -t settings < <(sed '
    s/\r$//; s/^[[:blank:]]*//; s/^export[[:blank:]]*//
    /^#/d; /^$/d
    s/=\(["'"'"']\)\(.*\)\1[[:blank:]]*$/=\2/' "$1")
  for setting in "${settings[@]}"; do
    [[ $setting =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || wrong+=("${setting%%=*}")
  done
  if [ ${#wrong[@]} -gt 0 ]; then
    printf '%s: %s: not of the form NAME=value: %s\n' "${0##*/}" "$1" "$(IFS=,; echo "${wrong[*]}")" >&2
    return 1
  fi
}
