/**
 * What marks the processes of a local cluster: machines in an argument, `tm:FOLDER_HASH:KIND:ID:NODE:LAUNCHED_AT`,
 * and the commands that its workers run in a variable, `tm:FOLDER_HASH:ATTEMPT`.
 */
import { createHash } from 'node:crypto'

/** How all tags of a cluster begin. Tells clusters of the same name in two data directories apart. */
export function clusterTag(folder: string): string {
  return `tm:${createHash('sha256').update(folder).digest('hex').slice(0, 16)}:`
}

/** The same, from the tag of one of its machines; empty for a worker that somebody started by hand. */
export function clusterTagIn(machineTag: string | undefined): string {
  return /^tm:[0-9a-f]+:/.exec(machineTag ?? '')?.[0] ?? ''
}

/** The variable that marks every process of an attempt of a command: children inherit it. */
export const tagVariable = 'TM_TAG'
