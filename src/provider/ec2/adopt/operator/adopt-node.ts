/**
 * Takes over a machine: it proves which instance it is and gets its program; we prove who we are, and
 * it gets the secret. Each step asks for the phase first, so it can be interrupted anywhere.
 */

import { randomBytes } from 'node:crypto'
import { TmError } from '../../../../core/errors.ts'
import { suggest, tm } from '../../../../core/suggestions.ts'
import type { AwsContext } from '../../aws/context.ts'
import type { Identity } from '../../aws/identity.ts'
import type { Program } from '../../boot/program.ts'
import type { LaunchedNode } from '../../machines/instances.ts'
import type { Adoption } from '../machine/await-adoption.ts'
import { bindingOf } from '../proof/binding.ts'
import { checkProof } from '../proof/check.ts'
import { instanceOf } from '../proof/principal.ts'
import { signProof } from '../proof/request.ts'
import { shownCertificate, type UnownedNode, unownedNode } from './unowned-node.ts'

export interface AdoptOptions {
  aws: AwsContext
  cluster: string
  identity: Identity
  /** Name of the nodes' role. */
  role: string
  port: number
  program: Program
  adoption: Adoption
}

/** The node's certificate, proved to be its own. Throws `forbidden` if somebody else answers. */
export async function meet(
  { aws, cluster, identity, role, port }: AdoptOptions,
  { id, instance, address }: LaunchedNode,
): Promise<string> {
  const { signal } = aws
  const certificate = await shownCertificate(address, port, signal)
  const url = `https://${address}:${port}`
  const node = unownedNode({ url, certificate, signal })
  const nonce = randomBytes(32).toString('hex')
  const proof = await node.prove(nonce).catch((error) => {
    throw error instanceof TmError && error.code === 'unauthorized' ? hasAnOwner(id) : error
  })
  const binding = bindingOf({ prover: 'node', cluster, nonce, certificate })
  const { arn } = await checkProof(aws, { proof, binding })
  if (instanceOf(arn, { account: identity.account, role }) === instance) return certificate
  throw new TmError('forbidden', `${arn} answers at ${address}, not ${id} (${instance})`, {
    suggestions: ['Somebody may intercept the connection: try from another network', tm('down')],
  })
}

/** Does the next step. Returns the phase it found; `owned` is the end. */
export async function advance(options: AdoptOptions, node: UnownedNode, certificate: string) {
  const phase = await node.phase()
  if (phase === 'boot') await sendProgram(options, node)
  if (phase === 'claim') await adoptNode(options, node, certificate)
  return phase
}

async function sendProgram({ program }: AdoptOptions, node: UnownedNode): Promise<void> {
  await node.sendProgram(program.packed).catch((error) => {
    if (!(error instanceof TmError) || error.code !== 'conflict') throw error
    const message =
      'It was launched by another version of tm, and waits for the program of that version'
    throw new TmError('conflict', message, {
      suggestions: [tm('down'), suggest`Then: ${tm('up')}`],
    })
  })
}

async function adoptNode(
  { aws, cluster, adoption }: AdoptOptions,
  node: UnownedNode,
  certificate: string,
): Promise<void> {
  const nonce = await node.nonce()
  const { keys, skewMs } = await aws.credentials()
  const binding = bindingOf({ prover: 'operator', cluster, nonce, certificate })
  const proof = await signProof(keys, { region: aws.region, binding, skewMs })
  await node.adopt({ nonce, proof, claim: adoption })
}

function hasAnOwner(id: string): TmError {
  return new TmError('forbidden', `${id} has an owner that this machine does not know`, {
    suggestions: [
      'Use the machine that ran the first tm up',
      suggest`Or start over: ${tm('down')}, then ${tm('up')}`,
    ],
  })
}
