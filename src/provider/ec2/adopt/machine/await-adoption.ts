/**
 * How a new node gets its owner: it waits until somebody proves, through AWS, to be the principal that
 * the boot script names, and takes the cluster's secret from them. This happens once: the result is on
 * disk.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { Terms } from '../../../../api/contract/terms.ts'
import { errorCodes, TmError } from '../../../../core/errors.ts'
import type { Keys } from '../../../../core/keys.ts'
import type { AwsContext } from '../../aws/context.ts'
import { writeWhole } from '../../boot/install.ts'
import type { NodeConfig } from '../../boot/machine-config.ts'
import { adoptPath, noncePath, phasePath, proofPath } from '../paths.ts'
import { bindingOf } from '../proof/binding.ts'
import { checkProof } from '../proof/check.ts'
import { isSamePrincipal } from '../proof/principal.ts'
import type { Proof } from '../proof/request.ts'
import { proveTo } from './prove.ts'
import { failure, serveRoutes } from './server.ts'

/** What the owner sends. */
export interface Adoption {
  /** The cluster's secret, in hex. */
  secret: string
  /** During a rotation: see core/keys.ts. */
  rotation?: Omit<Keys, 'current'>
  terms: Terms
  /** `boot-worker.mjs` as text. */
  workerLoader: string
}

export interface AdoptionRequest {
  nonce: string
  proof: Proof
  /** On the wire under its old name. */
  claim: Adoption
}

/** How many nonces may be open at a time; each can be used once. */
const maxNonces = 100

/** Resolves when it is on disk. */
export async function writeAdoption(file: string, adoption: Adoption): Promise<void> {
  await writeWhole(file, JSON.stringify(adoption))
}

export function readAdoption(file: string): Adoption | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Adoption) : undefined
}

export interface AdoptOptions {
  machine: NodeConfig
  tls: { key: string; cert: string }
  aws: AwsContext
  /** Where the adoption is saved. */
  file: string
  onError: (what: string, error: unknown) => void
}

/** Resolves when the adoption is on disk and the port is free again. */
export async function awaitAdoption(options: AdoptOptions): Promise<Adoption> {
  const { machine, tls, file, onError } = options
  const nonces = new Set<string>()
  let adopted: Adoption | undefined
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

      [`POST ${adoptPath}`]: async (body) => {
        const { nonce, proof, claim: adoption } = JSON.parse(body.toString()) as AdoptionRequest
        if (!nonces.delete(nonce)) throw new TmError('unavailable', 'Ask for another nonce')
        await expectOwner(options, nonce, proof)
        await writeAdoption(file, adoption)
        adopted = adoption
        return { status: 200, body: {}, last: true }
      },
    },
  })
  return adopted as Adoption
}

async function expectOwner(
  { machine, tls, aws }: AdoptOptions,
  nonce: string,
  proof: Proof,
): Promise<void> {
  const question = { cluster: machine.cluster, nonce, certificate: tls.cert }
  const binding = bindingOf({ prover: 'operator', ...question })
  const { arn } = await checkProof(aws, { proof, binding })
  if (isSamePrincipal(arn, machine.owner)) return
  throw new TmError('forbidden', `${machine.id} belongs to ${machine.owner}, not to ${arn}`)
}

function unforeseen(error: unknown): TmError {
  if (error instanceof SyntaxError) return new TmError('invalid', 'The body is not JSON')
  return new TmError('internal', 'Something went wrong: see the log of this node')
}
