/**
 * What nodes, workers and commands say to each other has a number, raised when the older side would
 * misunderstand the newer one. Who asks sends its number; a node refuses every other one as a whole,
 * so that two versions of tm either work together or say that they do not.
 */
import { TmError } from './errors.ts'

export const protocol = 1

export const protocolHeader = 'tm-protocol'

/** Whoever says nothing, as `curl`, goes by the documented routes. */
export function isSpoken(given: string | undefined): boolean {
  return given === undefined || given === String(protocol)
}

/** `given` is from somebody with a valid token, but is shown: no more of it than a number has. */
export function notSpoken(node: { id: string; version: string }, given: string): TmError {
  const theirs = given.replace(/\D/g, '').slice(0, 9) || 'unknown'
  const message = `${node.id} is of tm ${node.version} with protocol ${protocol}, and was asked in protocol ${theirs}`
  return new TmError('incompatible', message, {
    suggestions: [
      `Use tm ${node.version} with this cluster`,
      'Or start its nodes anew with yours: tm down --keep-data, then tm up --local; on EC2 tm backup, tm down, tm up --restore',
    ],
  })
}
