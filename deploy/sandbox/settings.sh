# shellcheck shell=bash
# Sourced by stack: the settings of the endpoints, and the file DIR/env.
# shellcheck disable=SC2154 # the sourcing script sets dir, bin, port, access_key and secret_key

# "export ", quotes, comments and blank lines are read as by systemd and shells.
read_settings() { # file: sets the array settings to its lines NAME=value; returns 1 after reporting all wrong lines
  local number lines=() wrong=()
  [ -r "$1" ] || { echo "${0##*/}: cannot read $1" >&2; return 1; }
  mapfile -t lines < <(sed '
    s/\r$//; s/^[[:blank:]]*//; s/^export[[:blank:]]*//
    s/^[#;].*//
    s/=\(["'"'"']\)\(.*\)\1[[:blank:]]*$/=\2/' "$1")
  settings=()
  for number in "${!lines[@]}"; do
    [ -n "${lines[number]}" ] || continue
    [[ ${lines[number]} =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || wrong+=($((number+1)))
    settings+=("${lines[number]}")
  done
  if [ ${#wrong[@]} -gt 0 ]; then
    # Not the lines themselves, which may contain secrets.
    printf '%s: %s: not of the form NAME=value: line %s\n' "${0##*/}" "$1" "$(IFS=,; echo "${wrong[*]}")" >&2
    return 1
  fi
}

sandbox_settings() {
  printf '%s\n' \
    "R2_ENDPOINT_URL=http://127.0.0.1:$((port+3))" "R2_ACCESS_KEY_ID=$access_key" \
    "R2_SECRET_ACCESS_KEY=$secret_key" "R2_BUCKET_NAME=images" "R2_PUBLIC_BASE=http://127.0.0.1:$port/public" \
    "API_KEYS=sandbox-api-key" "OZON_API_URL=http://127.0.0.1:$((port+1))" \
    "OZON_IMAGE_HOSTS=http://127.0.0.1:$((port+2))" "LOG_LEVEL=info"
}
write_settings() { # SETTING=value...: later ones replace earlier ones
  local line settings=()
  local -A value=()
  if [ -n "${SETTINGS_FILE:-}" ]; then
    read_settings "$SETTINGS_FILE" || exit 1
  else
    mapfile -t settings < <(sandbox_settings)
  fi
  for line in "${settings[@]}" "$@"; do
    [[ $line =~ ^[A-Za-z_][A-Za-z0-9_]*= && $line != *$'\n'* ]] || die "a setting is not of the form NAME=value"
    value[${line%%=*}]=${line#*=}
  done
  (
    umask 077
    for line in "${!value[@]}"; do echo "$line=${value[$line]}"; done | sort >"$dir/handler.env"
  )
}
write_env() {
  local api_keys
  api_keys=$(sed -n 's/^API_KEYS=//p' "$dir/handler.env")
  (
    umask 077
    {
      printf "%s=%q\n" URL "http://127.0.0.1:$port" API_KEY "${api_keys%%,*}" DIR "$dir" BIN "$bin"
      echo "NGINX_PID=$(awk '$3 == "nginx" { print $1 }' "$dir/pids")"
      [ -n "${SETTINGS_FILE:-}" ] || printf "%s=%s\n" \
        SESSION_URL "http://127.0.0.1:$((port+7))" OZON_URL "http://127.0.0.1:$((port+1))" \
        CDN_URL "http://127.0.0.1:$((port+2))" S3_URL "http://127.0.0.1:$((port+3))" S3_BUCKET images \
        S3_ACCESS_KEY_ID "$access_key" S3_SECRET_ACCESS_KEY "$secret_key"
    } >"$dir/env"
  )
}
