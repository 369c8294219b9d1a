#!/bin/sh
# supervise.sh LABEL COMMAND...: runs COMMAND, prints its process id on descriptor 3, and ends with its exit code.
# Standard input is the lifeline: when it closes, because whoever holds the other end closed it or died (kill -9
# included), COMMAND is told to end and after 10 s made to. LABEL is only there to be seen in a list of processes.
shift
"$@" </dev/null 3>&- 4>&- &
child=$!
echo "$child" >&3
exec 3>&-
trap : TERM INT HUP
exec 4<&0
(
  trap - TERM INT HUP
  read -r _ <&4
  kill -TERM "$child" 2>/dev/null
  waited=0
  while [ "$waited" -lt 100 ] && kill -0 "$child" 2>/dev/null; do
    sleep 0.1
    waited=$((waited + 1))
  done
  kill -KILL "$child" 2>/dev/null
) >/dev/null 2>&1 &
watcher=$!
exec 4<&-
while :; do
  wait "$child"
  code=$?
  kill -0 "$child" 2>/dev/null || break
done
kill "$watcher" 2>/dev/null
exit "$code"
