/**
 * The number of the protocol between nodes, workers and commands. It is raised when an older version
 * would misunderstand a newer one. Clients send it, and a node refuses any other number, so that two
 * versions of tm either work together or say that they do not.
 */
import { TmError } from '../core/errors.ts'
import { suggest, tm } from '../core/suggestions.ts'

export const protocol = 3

export const protocolHeader = 'tm-protocol'

/** A client that sends no number, such as `curl`, is accepted: it uses the documented routes. */
export function isCompatible(given: string | undefined): boolean {
  return given === undefined || given === String(protocol)
}

/** `given` comes from the client and is shown, so only a few digits of it are kept. */
export function incompatible(node: { id: string; version: string }, given: string): TmError {
  const theirs = given.replace(/\D/g, '').slice(0, 9) || 'unknown'
  const message = `${node.id} runs tm ${node.version} with protocol ${protocol}; the request uses protocol ${theirs}`
  return new TmError('incompatible', message, {
    suggestions: [
      `Use tm ${node.version} with this cluster`,
      suggest`Or restart its nodes with your version: ${tm('down', { 'keep-data': true })}, then ${tm('up', { local: true })}; on EC2 ${tm('backup')}, ${tm('down')}, ${tm('up', { restore: 'FILE', local: false })}`,
    ],
  })
}
