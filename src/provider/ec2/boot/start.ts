/**
 * The script that the unit starts, again and again: it completes what an earlier start left undone
 * (an unreachable mirror, a reboot), then becomes the program. Pure.
 */

import { certificateCommand } from './certificate.ts'
import { folders, programFile } from './machine-config.ts'

const { data, program } = folders

/** Minutes after which a machine shuts down if it has no owner, or has not joined a node. */
export const lonelyMinutes = 15

/** Exists once the machine has an owner. */
export const ownedFile = `${data}/owned`

/** The program puts it off as soon as its node answers: one that does not even start ends its machine. */
const ownedAgain = `if [ ! -e /run/tm-ends ]; then
  shutdown -P +${lonelyMinutes} 'tm: the worker does not work' && touch /run/tm-ends
fi
`

export function startScript(kind: 'node' | 'worker'): string {
  const certificate = `[ -s ${data}/cert.pem ] || { ${certificateCommand(data)}; } || exit 1\n`
  return `#!/bin/bash
umask 077
# What is said here can be read from outside: aws ec2 get-console-output.
say() { echo "tm: $*"; echo "tm: $*" >> /dev/console || true; }

# Counted from the first boot, so that no restart and no reboot puts it off.
[ -s ${data}/born ] || date +%s > ${data}/born
if [ ! -e ${ownedFile} ] && [ ! -e /run/tm-ends ]; then
  left=$((${lonelyMinutes} - ($(date +%s) - $(cat ${data}/born)) / 60))
  if [ $left -le 0 ]; then shutdown -P now; exit; fi
  shutdown -P +$left 'tm: nobody has come for this machine' && touch /run/tm-ends
fi
${kind === 'worker' ? ownedAgain : ''}
if ! command -v node-24 > /dev/null; then
  say 'installing Node'
  if ! dnf install -y -q nodejs24 openssl > ${data}/dnf.log 2>&1; then
    say "Node can't be installed: $(tail -n 3 ${data}/dnf.log)"
    exit 1
  fi
fi
${kind === 'node' ? certificate : ''}if [ ! -s ${programFile} ]; then
  say 'waiting for the program'
  if ! node-24 ${program}/boot.mjs > ${data}/boot.log 2>&1; then
    say "the program did not come: $(tail -n 1 ${data}/boot.log)"
    exit 1
  fi
fi
say 'starting the program'
exec node-24 ${programFile} ${kind}
`
}
