/**
 * The script that an instance runs when it boots: it writes files and a unit that keeps the start
 * script running. It holds no secret, because anybody who may describe the instance can read it. Pure.
 */
import { endsFolder, guardScript, guardUnit } from './guard.ts'
import { folders, type MachineConfig, ownedFile } from './machine-config.ts'
import { startScript } from './start.ts'

const { config, data, program } = folders

export interface BootOptions {
  machine: MachineConfig
  /** Text of `boot-node.mjs` or `boot-worker.mjs`, which fetches, checks and installs the program. */
  loader: string
}

/** cloud-init runs it only once, so everything that may fail is left to the unit. */
export function bootScript({ machine, loader }: BootOptions): string {
  return `#!/bin/bash
# Boots ${machine.id} of tm cluster ${machine.cluster}.
set -euo pipefail
# First of all: whatever fails below, the machine ends. Whoever comes for it puts that off.
umask 077
mkdir -p ${config} ${data} ${program} || shutdown -P now
# The image may have been made of a machine of tm, whose times are not this one's.
rm -rf ${endsFolder} ${ownedFile} ${data}/born
${file(`${program}/guard`, guardScript(machine), ' || shutdown -P now')}
setsid bash ${program}/guard < /dev/null > /dev/null 2>&1 &
${file(`${config}/machine.json`, JSON.stringify(machine))}
${file(`${program}/boot.mjs`, loader)}
${file(`${program}/start`, startScript(machine.kind))}
${file('/etc/systemd/system/tm-guard.service', guardUnit)}
${file('/etc/systemd/system/tm.service', unit(machine))}
systemctl daemon-reload
systemctl enable tm-guard.service
systemctl restart tm-guard.service
systemctl enable tm.service
systemctl restart tm.service
`
}

function file(path: string, text: string, otherwise = ''): string {
  return `cat > ${path} <<'TM_END'${otherwise}\n${text.trim()}\nTM_END`
}

/**
 * The worker divides its control group among commands. Without `Delegate`, systemd would end it when one of them
 * runs out of memory (systemd.service(5), OOMPolicy); when the whole machine does, commands end first.
 */
const ofCommands = `Delegate=yes
OOMPolicy=continue
OOMScoreAdjust=-500
TasksMax=infinity
`

/**
 * Runs as root, to install Node and to power the machine off; the machine runs nothing but tm.
 * No core files, because the memory holds secrets.
 */
function unit({ kind, cluster }: MachineConfig): string {
  return `
[Unit]
Description=tm ${kind} of cluster ${cluster}
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
ExecStart=/bin/bash ${program}/start
Restart=always
RestartSec=2
TimeoutStopSec=30
UMask=0077
LimitCORE=0
NoNewPrivileges=yes
${kind === 'worker' ? ofCommands : ''}
[Install]
WantedBy=multi-user.target
`
}
