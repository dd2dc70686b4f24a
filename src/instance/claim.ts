/**
 * How a new node gets its owner: it waits for one that proves, as AWS's own answer, to be who the boot
 * script names, and takes the cluster's secret from it. Once; what was said is kept on disk.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { errorCodes, TmError } from '../core/errors.ts'
import type { Keys } from '../core/keys.ts'
import type { Aws } from '../provider/ec2/clients.ts'
import type { Pace } from '../provider/ec2/pace.ts'
import { bindingOf } from '../provider/ec2/proof/binding.ts'
import { checkProof } from '../provider/ec2/proof/check.ts'
import { isSamePrincipal } from '../provider/ec2/proof/principal.ts'
import type { Proof } from '../provider/ec2/proof/request.ts'
import type { Shape } from '../provider/ec2/run-input.ts'
import { writeWhole } from './boot/install.ts'
import { claimPath, noncePath, phasePath, proofPath } from './boot/paths.ts'
import { proveTo } from './boot/prove.ts'
import { failure, serveRoutes } from './boot/server.ts'
import type { NodeConfig } from './machine.ts'

/** What only the owner can say. */
export interface Claim {
  /** The cluster's secret, in hex. */
  secret: string
  /** While it is rotated: see core/keys.ts. */
  rotation?: Omit<Keys, 'current'>
  terms: Terms
  /** `boot-worker.mjs` as text. */
  workerLoader: string
}

/** What a later `tm up` may change. */
export interface Terms {
  /** What this node's workers are made of. */
  workers: Shape
  /** Wall-clock milliseconds at which all of it ends, whatever happens; with `--ttl` only. */
  endsAt?: number
}

export interface ClaimRequest {
  nonce: string
  proof: Proof
  claim: Claim
}

/** Questions that may be open at a time; each is good for one answer. */
const maxNonces = 100

/** Answers when it is on disk. */
export async function writeClaim(file: string, claim: Claim): Promise<void> {
  await writeWhole(file, JSON.stringify(claim))
}

export function readClaim(file: string): Claim | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Claim) : undefined
}

export interface ClaimOptions {
  machine: NodeConfig
  tls: { key: string; cert: string }
  aws: Pick<Aws, 'region' | 'sts'>
  pace: Pace
  /** Where the claim is kept. */
  file: string
  onError: (what: string, error: unknown) => void
}

/** Answers when the claim is on disk and the port is free again. */
export async function awaitClaim(options: ClaimOptions): Promise<Claim> {
  const { machine, tls, file, onError } = options
  const nonces = new Set<string>()
  let claimed: Claim | undefined
  await serveRoutes({
    port: machine.port,
    tls,
    maxBody: 1024 ** 2,
    onError(what, error) {
      onError(what, error)
      const { code, message } = error instanceof TmError ? error : unforeseen(error)
      return failure(errorCodes[code].status, code, message)
    },
    routes: {
      [`GET ${phasePath}`]: async () => ({ status: 200, body: { phase: 'claim' } }),

      [`POST ${proofPath}`]: proveTo(machine, tls.cert),

      [`POST ${noncePath}`]: async () => {
        const nonce = randomBytes(32).toString('hex')
        nonces.add(nonce)
        for (const old of nonces) if (nonces.size > maxNonces) nonces.delete(old)
        return { status: 200, body: { nonce } }
      },

      [`POST ${claimPath}`]: async (body) => {
        const { nonce, proof, claim } = JSON.parse(body.toString()) as ClaimRequest
        if (!nonces.delete(nonce)) throw new TmError('unavailable', 'Ask for another nonce')
        await expectOwner(options, nonce, proof)
        await writeClaim(file, claim)
        claimed = claim
        return { status: 200, body: {}, last: true }
      },
    },
  })
  return claimed as Claim
}

async function expectOwner(
  { machine, tls, aws, pace }: ClaimOptions,
  nonce: string,
  proof: Proof,
): Promise<void> {
  const question = { cluster: machine.cluster, nonce, certificate: tls.cert }
  const binding = bindingOf({ prover: 'operator', ...question })
  const { arn } = await checkProof(aws, { proof, binding }, pace)
  if (isSamePrincipal(arn, machine.owner)) return
  throw new TmError('forbidden', `${machine.id} obeys ${machine.owner}, not ${arn}`)
}

function unforeseen(error: unknown): TmError {
  if (error instanceof SyntaxError) return new TmError('invalid', 'That is not JSON')
  return new TmError('internal', 'Something went wrong: see the log of this node')
}
