/**
 * The guard of a machine: a small script that its boot script starts before anything else, and that powers
 * the machine off when one of its times is over, whatever else hangs. Pure.
 */
import { folders, type MachineConfig, ownedFile } from './machine-config.ts'

/** Where the times are: each a file with seconds since the system started. In memory: gone after a reboot. */
export const endsFolder = '/run/tm-ends'
/** Until when the machine may live without a further sign that it is of use. */
export const putOffName = 'unless-used'
/** When it ends in any case: `--ttl`. */
export const limitName = 'limit'

/** Minutes that a machine has until its owner comes or it joins its node, or if a time can't be read. */
export const lonelyMinutes = 15
/** Hours until a node ends that nobody asks, and that holds nothing. */
export const forgottenHours = 24
/** Hours until a node ends that hangs, and that may hold tasks or results: the only copy. */
export const holdingHours = 7 * 24

/** How long a system may take to shut down as usual, and as forced. */
const shutdownSeconds = 120
const forceSeconds = 10

/** What the machine has after a reboot, when it has an owner. */
const againSeconds = { node: holdingHours * 3600, worker: lonelyMinutes * 60 }

/**
 * Goes by the time since the system started, which no wrong date changes. Needs neither systemd nor D-Bus
 * until it ends the machine, and then the kernel alone, if it must (kernel.org, sysrq).
 */
export function guardScript({ kind, ...machine }: MachineConfig): string {
  const limitMs = 'endsInMs' in machine ? machine.endsInMs : undefined
  const limit = `${endsFolder}/${limitName}`
  const putOff = `${endsFolder}/${putOffName}`
  return `#!/bin/bash
# Ends this machine when one of its times is over. Seconds since the system started, one file each.
umask 077
now() { read -r up _ < /proc/uptime; up=\${up%%.*}; }
# A machine without memory can't start a process to sleep: this is a pipe that never says anything.
exec 9<> <(:)
nap() { read -rt "$1" -u 9 || :; }
mkdir -p ${endsFolder} ${folders.data} || shutdown -P now
# Counted from the first boot, so that no restart and no reboot puts it off.
[ -s ${folders.data}/born ] || date +%s > ${folders.data}/born
now
if [ ! -e ${putOff} ]; then
  left=${againSeconds[kind]}
  if [ ! -e ${ownedFile} ]; then
    left=$((${lonelyMinutes * 60} - ($(date +%s) - $(cat ${folders.data}/born))))
    [ "$left" -le ${lonelyMinutes * 60} ] || left=${lonelyMinutes * 60}
    [ "$left" -ge 0 ] || left=0
  fi
  echo $((up + left)) > ${putOff}
fi
${limitMs === undefined ? '' : `[ -e ${limit} ] || echo $((up + ${Math.ceil(limitMs / 1000)})) > ${limit}\n`}
declare -A unreadable
over() {
  now
  for name in ${putOffName} ${limitName}; do
    # Not by the folder that this process began in: whoever boots the machine may have made it anew.
    file=${endsFolder}/$name
    [ $name = ${putOffName} ] || [ -e $file ] || continue
    end=
    { read -r end < $file; } 2> /dev/null
    if [[ $end =~ ^[0-9]{1,9}$ ]]; then
      unreadable[$name]=
    else
      # Not "no limit".
      end=\${unreadable[$name]:-$((up + ${lonelyMinutes * 60}))}
      unreadable[$name]=$end
    fi
    [ "$up" -lt "$end" ] || return 0
  done
  return 1
}
wait_for() { now; local till=$((up + $1)); while now; [ "$up" -lt "$till" ]; do nap 1; done; }
until over; do nap 2; done
(echo "tm: the time of this machine is over: $name" > /dev/console) 2> /dev/null &
while :; do
  shutdown -P now &
  wait_for ${shutdownSeconds}
  systemctl poweroff --force --force &
  wait_for ${forceSeconds}
  echo o > /proc/sysrq-trigger
  wait_for ${forceSeconds}
done
`
}

/** Not stopped by a shutdown, which may hang; and the last that the kernel ends when memory is short. */
export const guardUnit = `
[Unit]
Description=ends this machine when its time is over
DefaultDependencies=no
StartLimitIntervalSec=0

[Service]
ExecStart=/bin/bash ${folders.program}/guard
Restart=always
RestartSec=2
OOMScoreAdjust=-1000
UMask=0077

[Install]
WantedBy=multi-user.target
`
