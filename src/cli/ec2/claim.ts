/**
 * From a machine that runs to a node that obeys: it proves which instance it is, gets its program, we
 * prove who we are, it gets the secret. Each step is looked at anew, so it can be broken off anywhere.
 */
import { randomBytes } from 'node:crypto'
import { TmError } from '../../core/errors.ts'
import type { Claim } from '../../instance/claim.ts'
import type { Aws } from '../../provider/ec2/clients.ts'
import type { Identity } from '../../provider/ec2/identity.ts'
import type { Pace } from '../../provider/ec2/pace.ts'
import { bindingOf } from '../../provider/ec2/proof/binding.ts'
import { checkProof } from '../../provider/ec2/proof/check.ts'
import { instanceOf } from '../../provider/ec2/proof/principal.ts'
import { signProof } from '../../provider/ec2/proof/request.ts'
import type { LaunchedNode } from './nodes.ts'
import type { Program } from './program.ts'
import { shownCertificate, type Unclaimed, unclaimedNode } from './unclaimed.ts'

export interface ClaimOptions {
  aws: Aws
  pace: Pace
  cluster: string
  identity: Identity
  /** Name of the nodes' role. */
  role: string
  port: number
  program: Program
  claim: Claim
}

/** The certificate of this node, proved to be its own. Throws `forbidden` when another one answers. */
export async function meet(
  { aws, pace, cluster, identity, role, port }: ClaimOptions,
  { id, instance, publicAddress }: LaunchedNode,
): Promise<string> {
  const certificate = await shownCertificate(publicAddress, port)
  const node = unclaimedNode({ url: `https://${publicAddress}:${port}`, certificate })
  const nonce = randomBytes(32).toString('hex')
  const proof = await node.prove(nonce).catch((error) => {
    throw error instanceof TmError && error.code === 'unauthorized' ? hasAnOwner(id) : error
  })
  const binding = bindingOf({ prover: 'node', cluster, nonce, certificate })
  const { arn } = await checkProof(aws, { proof, binding }, pace)
  if (instanceOf(arn, { account: identity.account, role }) === instance) return certificate
  throw new TmError('forbidden', `At ${publicAddress} answers ${arn}, not ${id} (${instance})`, {
    suggestions: ['Someone may stand in between: try from another network', 'tm down'],
  })
}

/** One step further. Answers where it is now; `owned` is the end. */
export async function advance(options: ClaimOptions, node: Unclaimed, certificate: string) {
  const phase = await node.phase()
  if (phase === 'boot') await sendProgram(options, node)
  if (phase === 'claim') await claimNode(options, node, certificate)
  return phase
}

async function sendProgram({ program }: ClaimOptions, node: Unclaimed): Promise<void> {
  await node.sendProgram(program.packed).catch((error) => {
    if (!(error instanceof TmError) || error.code !== 'conflict') throw error
    const message =
      'It was launched by another version of tm, and waits for the program of that one'
    throw new TmError('conflict', message, { suggestions: ['tm down', 'Then: tm up'] })
  })
}

async function claimNode(
  { aws, cluster, claim }: ClaimOptions,
  node: Unclaimed,
  certificate: string,
): Promise<void> {
  const nonce = await node.nonce()
  const binding = bindingOf({ prover: 'operator', cluster, nonce, certificate })
  const credentials = await aws.sts.config.credentials()
  const proof = await signProof(credentials, { region: aws.region, binding })
  await node.claim({ nonce, proof, claim })
}

function hasAnOwner(id: string): TmError {
  return new TmError('forbidden', `${id} has an owner, and this machine does not know it`, {
    suggestions: ['Use the machine that ran the first tm up', 'Or begin anew: tm down, then tm up'],
  })
}
