#!/usr/bin/env bash
# `dnf`, `systemctl`, `shutdown` and `poweroff` of a machine: asks the lab (commands.ts), and prints
# what it answers. The last line of the answer is the exit code.
answer=$(printf '%s\0' "${0##*/}" "$@" |
  curl --silent --show-error --data-binary @- http://169.254.169.254:81/) || exit 1
code=${answer##*$'\n'}
text=${answer%"$code"}
if [ "$code" = 0 ]; then printf '%s' "$text"; else printf '%s' "$text" >&2; fi
exit "$code"
