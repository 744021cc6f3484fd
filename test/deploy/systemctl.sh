#!/bin/sh
# Stands for systemctl where no systemd runs: starts and stops what the unit's ExecStart names, with the unit's signals.
# PLACE is the directory that the page's paths are below.
set -eu
unit=$PLACE/etc/systemd/system/gatehouse.service
pid=$PLACE/gatehouse.pid

start() {
  command=$(sed -n 's/^ExecStart=//p' "$unit")
  mkdir -p -m 700 "$PLACE/var/lib/gatehouse"
  # shellcheck disable=SC2086
  setsid $command >>"$PLACE/gatehouse.log" 2>&1 </dev/null &
  echo $! >"$pid"
}
stop() {
  [ -e "$pid" ] || return 0
  kill "$(cat "$pid")" 2>/dev/null || true
  tries=600
  while kill -0 "$(cat "$pid")" 2>/dev/null; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || exit 1
    sleep 0.1
  done
  rm "$pid"
}

case "$1" in
  daemon-reload) [ ! -e "$unit" ] || grep -q '^ExecStart=' "$unit" ;;
  enable | start) start ;;
  stop | disable) stop ;;
  restart) stop && start ;;
  reload) kill -"$(sed -n 's/^ExecReload=.* -\([A-Z]*\) .*/\1/p' "$unit")" "$(cat "$pid")" ;;
  *) echo "systemctl $1 is not known here" >&2 && exit 1 ;;
esac
