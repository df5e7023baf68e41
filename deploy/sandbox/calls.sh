# shellcheck shell=bash
# Sourced by main-job: one request with curl, shown as it could be typed, and its answer. Wants $here, $scratch and the
# stack's env; the answer is then in $scratch/answer.
# shellcheck disable=SC2154,SC2119,SC2120 # set by main-job, which also gives show its arguments

heading() { printf '\n\033[1m%s\033[0m\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9]*m//g'; fi; }
fail() { echo "main-job: $*" >&2; exit 1; }
show() { python3 "$here/show.py" "$@"; }
sum() { sha256sum "$1" | cut -c 1-64; }
milliseconds() { awk "BEGIN { printf \"%.1f ms\", $1 * 1000 }"; }

typed() { # path key body curl-argument... : the command line
  local path=$1 key=$2 body=$3 argument; shift 3
  printf '$ curl %s-X POST %s%s \\\n' "$([[ "$*" != *ndjson* ]] || echo '-N ')" "$URL" "$path"
  printf "    -H '%s' \\\\\n" "Content-Type: application/json" "X-API-Key: $key"
  for argument; do [ "$argument" = -H ] || printf "    -H '%s' \\\\\n" "$argument"; done
  printf "    -d '%s'\n" "$body"
}

call() { # what status path key body curl-argument... : the answer is shown
  local what=$1 expected=$2 path=$3 key=$4 body=$5 status seconds; shift 5
  typed "$path" "$key" "$body" "$@"
  read -r status seconds < <(curl -sS -N -X POST -o "$scratch/answer" -w '%{http_code} %{time_total}\n' --max-time 60 \
    -H 'Content-Type: application/json' -H "X-API-Key: $key" "$@" -d "$body" "$URL$path") || fail "$what: no answer"
  echo "HTTP $status after $(milliseconds "$seconds")"
  show <"$scratch/answer" || fail "$what: the answer is no JSON"
  [ "$status" = "$expected" ] || fail "$what: HTTP $status instead of $expected"
}

follow() { # what path body : a streamed answer, its progress drawn as the lines come
  local what=$1 path=$2 body=$3 status seconds
  typed "$path" "$API_KEY" "$body" -H 'Accept: application/x-ndjson'
  : >"$scratch/answer"
  curl -sS -N -X POST -w '%{stderr}%{http_code} %{time_total}\n' --max-time 60 -H 'Content-Type: application/json' \
    -H "X-API-Key: $API_KEY" -H 'Accept: application/x-ndjson' -d "$body" "$URL$path" 2>"$scratch/told" |
    python3 "$here/progress.py" "$scratch/answer" ||
    fail "$what: $(tail -n 1 "$scratch/told"); the stream's last line: $(tail -n 1 "$scratch/answer" | head -c 500)"
  read -r status seconds < <(tail -n 1 "$scratch/told")
  echo "HTTP $status after $(milliseconds "$seconds"); the last line:"
  tail -n 1 "$scratch/answer" | show
  [ "$status" = 200 ] || fail "$what: HTTP $status instead of 200"
}
