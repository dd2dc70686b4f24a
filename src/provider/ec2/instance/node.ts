/** A node on an instance: waits for an owner if it has none, then serves and launches workers. */
import type { Logger } from 'pino'
import type { Terms } from '../../../api/contract/terms.ts'
import { type ServeOptions, serveUntil, startNode } from '../../../node/serve.ts'
import type { Tail } from '../../../runtime/tail.ts'
import { awaitAdoption, readAdoption, writeAdoption } from '../adopt/machine/await-adoption.ts'
import { connectAws } from '../aws/connect.ts'
import { forgottenHours, holdingHours } from '../boot/guard.ts'
import {
  adoptionFile,
  folders,
  type NodeConfig,
  packedProgram,
  readTls,
  type WorkerConfig,
} from '../boot/machine-config.ts'
import { bootScript } from '../boot/script.ts'
import { ec2Provider } from '../ec2.ts'
import { readMetadata } from '../machines/imds.ts'
import { largestWorker } from '../machines/largest-worker.ts'
import { createEnds } from './ends.ts'
import { powerOffAt } from './power.ts'

const hourMs = 3_600_000

export interface NodeOptions {
  version: string
  signal: AbortSignal
  log: Logger
  tail: Tail
}

export async function runNode(
  machine: NodeConfig,
  { version, signal, log, tail }: NodeOptions,
): Promise<void> {
  const { id, cluster, region, port, program } = machine
  const tls = readTls()
  const aws = await connectAws({ region })
  const onError = (what: string, error: unknown) => log.error({ err: error }, what)
  const before = readAdoption(adoptionFile)
  let adoption = before ?? (await awaitAdoption({ machine, tls, aws, file: adoptionFile, onError }))
  const ends = createEnds({
    onError: (error) => onError('putting off the end of this node', error),
  })
  const putOff = (hours: number) => ends.putOff(hours * hourMs)
  putOff(before ? holdingHours : forgottenHours)
  // The limit of a program that starts again still counts, unless the system has started again, too.
  if (ends.limitLeft() === undefined) ends.limit(limitOf(adoption.terms))
  const address = await readMetadata('local-ipv4')
  if (!address) throw new Error('the metadata service does not know this machine’s address')
  const node = { url: `https://${address}:${port}`, certificate: tls.cert }
  const endsAt = () => adoption.terms.endsAt
  powerOffAt(endsAt, signal).catch((error) => onError('powering off', error))
  const provider = ec2Provider({
    aws,
    cluster,
    shapes: {
      get worker() {
        return adoption.terms.workers
      },
    },
    bootScript({ id }) {
      const [end, endsInMs] = [endsAt(), ends.limitLeft()]
      const limit = { ...(end ? { endsAt: end } : {}), ...(endsInMs ? { endsInMs } : {}) }
      const common = { cluster, region, program, ...limit }
      const worker: WorkerConfig = { kind: 'worker', id, ...common, node }
      return bootScript({ machine: worker, loader: adoption.workerLoader })
    },
  })
  const options = (): ServeOptions => ({
    id,
    cluster,
    version,
    folder: folders.data,
    host: '0.0.0.0',
    tls,
    address,
    port,
    keys: { current: adoption.secret, ...adoption.rotation },
    async saveKeys({ current: secret, ...rotation }) {
      adoption = { ...adoption, secret, rotation }
      await writeAdoption(adoptionFile, adoption)
    },
    settings: {},
    setup: () => adoption.terms.setup,
    machine: () => largestWorker(adoption.terms.workers),
    provider,
    program: packedProgram,
    onUse: (holds) => putOff(holds ? holdingHours : forgottenHours),
    async configure(terms) {
      adoption = { ...adoption, terms }
      ends.limit(limitOf(terms))
      await writeAdoption(adoptionFile, adoption)
    },
    log,
    tail,
  })
  await serveUntil(signal, () => startNode(options()))
}

/** Milliseconds until a cluster with `--ttl` ends: by the date, or as counted, whichever is first. */
function limitOf({ endsAt, endsInMs = Number.POSITIVE_INFINITY }: Terms): number | undefined {
  if (endsAt === undefined) return undefined
  // A limit that can't be read is not "no limit": the guard of the machine gives it 15 minutes.
  if (!Number.isFinite(endsAt)) return Number.NaN
  return Math.max(0, Math.min(endsInMs, endsAt - Date.now()))
}
