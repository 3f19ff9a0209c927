#!/bin/bash
# Has a container of this server run from another image. Systems Manager runs it as root; the parameters are checked before they get here.
# Whoever owns the server says how the container is run: one option of `docker run` on each line of the file below. Without the file
# nothing is done. If the new container does not stay up, or does not become healthy, the one before is started again.
set -eu
image='{{ Image }}'
name='{{ Container }}'
called='{{ CalledAt }}'
options="${SLIPWAY_CONTAINERS:-/etc/slipway/containers}/$name"

if [ ! -f "$options" ]; then
  echo "There is no file $options. Write the options of docker run for $name into it, one on each line." >&2
  exit 1
fi
program=docker
docker info >/dev/null 2>&1 || program=podman
if ! command -v "$program" >/dev/null 2>&1; then
  echo "There is neither a running Docker nor Podman on this server." >&2
  exit 1
fi
# Two releases in short order are two commands, which Systems Manager may run at once, or the later one first.
exec 9<"$options"
flock 9
# Podman leaves a process behind for each container, which would keep the lock.
engine() { "$program" "$@" 9<&-; }
# Filters and not templates: Systems Manager takes two braces for a parameter.
found() { engine ps --all --quiet --filter "name=^$1\$" "${@:2}"; }

if [ -n "$(found "$name" --filter "label=slipway.image=$image" --filter status=running)" ]; then
  echo "$name runs $image already."
  exit 0
fi
last=$(engine inspect "$name" 2>/dev/null | sed -n 's/.*"slipway.called": *"\([^"]*\)".*/\1/p' | head -n 1)
if [[ "$last" > "$called" ]]; then
  echo "$name runs a release that was called for at $last, later than this one."
  exit 0
fi

host="${image%%/*}"
case "$host" in
  *.dkr.ecr.*.amazonaws.com)
    region="${host#*.dkr.ecr.}"
    aws ecr get-login-password --region "${region%.amazonaws.com}" | engine login --username AWS --password-stdin "$host" >/dev/null
    ;;
esac
engine pull --quiet "$image" >/dev/null

arguments=()
while IFS= read -r line || [ -n "$line" ]; do
  case "$line" in '' | '#'*) ;; *) arguments+=("$line") ;; esac
done <"$options"

before="$name-before"
if [ -n "$(found "$before")" ]; then
  # An earlier run was ended half-way. Whichever of the two does its work is the one to go back to.
  if [ -n "$(found "$name" --filter status=running)" ]; then
    engine rm --force "$before" >/dev/null
  elif [ -n "$(found "$name")" ]; then
    engine rm --force "$name" >/dev/null
  fi
fi
if [ -n "$(found "$name")" ]; then
  engine stop "$name" >/dev/null
  engine rename "$name" "$before"
fi

go_back() {
  echo "$1" >&2
  engine logs --tail 5 "$name" >&2 2>&1 || true
  engine rm --force "$name" >/dev/null 2>&1 || true
  if [ -n "$(found "$before")" ]; then
    engine rename "$before" "$name"
    engine start "$name" >/dev/null
    echo "The container before runs again." >&2
  fi
  exit 1
}

engine run --detach --name "$name" --label "slipway.image=$image" --label "slipway.called=$called" \
  "${arguments[@]}" "$image" >/dev/null ||
  go_back "The container could not be started."
for _ in 1 2 3 4 5 6 7 8 9 10; do
  sleep "${SLIPWAY_PAUSE:-3}"
  [ -n "$(found "$name" --filter status=running)" ] || go_back "The container ended."
  [ -z "$(found "$name" --filter health=unhealthy)" ] || go_back "The container is unhealthy."
  [ -n "$(found "$name" --filter health=starting)" ] || break
done
[ -z "$(found "$name" --filter health=starting)" ] || go_back "The container did not become healthy in time."
[ -z "$(found "$before")" ] || engine rm "$before" >/dev/null
echo "$name runs $image."
