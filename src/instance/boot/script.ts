/**
 * What an instance runs when it boots: files, and a unit that keeps a start script running. Anybody
 * who may describe the instance can read it: it holds no secret. Pure.
 */
import { folders, type MachineConfig } from '../machine.ts'
import { startScript } from './start.ts'

const { config, data, program } = folders

export interface BootOptions {
  machine: MachineConfig
  /** `boot-node.mjs` or `boot-worker.mjs` as text: puts the program, checked, in its place. */
  loader: string
}

/** cloud-init runs it once in an instance's life; everything that may fail is left to the unit. */
export function bootScript({ machine, loader }: BootOptions): string {
  return `#!/bin/bash
# Boots ${machine.id} of tm cluster ${machine.cluster}.
set -euo pipefail
umask 077
mkdir -p ${config} ${data} ${program}
${file(`${config}/machine.json`, JSON.stringify(machine))}
${file(`${program}/boot.mjs`, loader)}
${file(`${program}/start`, startScript(machine.kind))}
${file('/etc/systemd/system/tm.service', unit(machine))}
systemctl daemon-reload
systemctl enable --now tm.service
`
}

function file(path: string, text: string): string {
  return `cat > ${path} <<'TM_END'\n${text.trim()}\nTM_END`
}

/**
 * As root: it installs Node, and must be able to power the machine off. The machine is tm's alone.
 * No core files: what is in memory has secrets in it.
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

[Install]
WantedBy=multi-user.target
`
}
