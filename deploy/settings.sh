# shellcheck shell=bash
# Sourced: reading a file of settings. Lines NAME=value; "export ", quotes around the value, comments and blank lines are
# as in systemd's EnvironmentFile= and a shell's.

read_settings() { # file : fills the array settings, a NAME=value each; else says all that is wrong, and the result is 1
  local setting wrong=()
  [ -r "$1" ] || { echo "${0##*/}: cannot read $1" >&2; return 1; }
  mapfile -t settings < <(sed 's/\r$//; s/^[[:blank:]]*//; s/^export[[:blank:]]*//; /^#/d; /^$/d; s/=\(["'"'"']\)\(.*\)\1[[:blank:]]*$/=\2/' "$1")
  for setting in "${settings[@]}"; do
    [[ $setting =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || wrong+=("${setting%%=*}")
  done
  if [ ${#wrong[@]} -gt 0 ]; then printf '%s: %s: not of the form NAME=value: %s\n' "${0##*/}" "$1" "$(IFS=,; echo "${wrong[*]}")" >&2; return 1; fi
}
