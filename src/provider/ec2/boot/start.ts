/**
 * The script that the unit starts, again and again: it completes what an earlier start left undone
 * (an unreachable mirror, a reboot), then becomes the program. Pure.
 */

import { certificateCommand } from './certificate.ts'
import { folders, programFile } from './machine-config.ts'

const { data, program } = folders

export function startScript(kind: 'node' | 'worker'): string {
  const certificate = `[ -s ${data}/cert.pem ] || { ${certificateCommand(data)}; } || exit 1\n`
  return `#!/bin/bash
umask 077
# What is said here can be read from outside: aws ec2 get-console-output.
say() { echo "tm: $*"; echo "tm: $*" >> /dev/console || true; }

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
