# shellcheck shell=bash
# Sourced by main-job: requests with curl. Prints each as a command that could be typed, and its answer, which is also
# in $scratch/answer. Needs $here, $scratch and the variables in the stack's env.
# shellcheck disable=SC2154,SC2119,SC2120 # main-job sets the variables and calls show with arguments

heading() {
  if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}
fail() { echo "main-job: $*" >&2; exit 1; }
# Ctrl-C ends what the script reads from. If it reached the script as well, Python would print where it was interrupted.
uninterrupted() { (trap '' INT; exec python3 "$here/$1" "${@:2}"); } # script argument...
show() { uninterrupted show.py "$@"; }
sum() { sha256sum "$1" | cut -c 1-64; }
milliseconds() { awk "BEGIN { printf \"%.1f ms\", $1 * 1000 }"; }

print_command() { # path key body curl-argument...
  local path=$1 key=$2 body=$3 argument
  shift 3
  printf '$ curl %s-X POST %s%s \\\n' "$([[ "$*" != *ndjson* ]] || echo '-N ')" "$URL" "$path"
  printf "    -H '%s' \\\\\n" "Content-Type: application/json" "X-API-Key: $key"
  for argument; do [ "$argument" = -H ] || printf "    -H '%s' \\\\\n" "$argument"; done
  printf "    -d '%s'\n" "$body"
}

call() { # name status path key body curl-argument...: fails if the answer does not have this status
  local name=$1 expected=$2 path=$3 key=$4 body=$5 status seconds
  shift 5
  print_command "$path" "$key" "$body" "$@"
  read -r status seconds < <(curl -sS -N -X POST -o "$scratch/answer" -w '%{http_code} %{time_total}\n' --max-time 60 \
    -H 'Content-Type: application/json' -H "X-API-Key: $key" "$@" -d "$body" "$URL$path") || fail "$name: no answer"
  echo "HTTP $status after $(milliseconds "$seconds")"
  show <"$scratch/answer" || fail "$name: the answer is not JSON"
  [ "$status" = "$expected" ] || fail "$name: HTTP $status instead of $expected"
}

follow() { # name path body: shows the progress of a streamed answer
  local name=$1 path=$2 body=$3 status seconds
  print_command "$path" "$API_KEY" "$body" -H 'Accept: application/x-ndjson'
  : >"$scratch/answer"
  curl -sS -N -X POST -w '%{stderr}%{http_code} %{time_total}\n' --max-time 60 -H 'Content-Type: application/json' \
    -H "X-API-Key: $API_KEY" -H 'Accept: application/x-ndjson' -d "$body" "$URL$path" 2>"$scratch/curl" |
    uninterrupted progress.py "$scratch/answer" ||
    fail "$name: $(tail -n 1 "$scratch/curl"); the stream's last line: $(tail -n 1 "$scratch/answer" | head -c 500)"
  read -r status seconds < <(tail -n 1 "$scratch/curl")
  echo "HTTP $status after $(milliseconds "$seconds"); the last line:"
  tail -n 1 "$scratch/answer" | show
  [ "$status" = 200 ] || fail "$name: HTTP $status instead of 200"
}
