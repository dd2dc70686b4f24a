/** A node on an instance: waits for its owner if it has none, then serves and launches workers. */
import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { type NodeOptions as ServeOptions, startNode } from '../node/serve.ts'
import { connectAws } from '../provider/ec2/clients.ts'
import { ec2Provider } from '../provider/ec2/ec2.ts'
import { readMetadata } from '../provider/ec2/imds.ts'
import { systemPace } from '../provider/ec2/pace.ts'
import { bootScript } from './boot/script.ts'
import { awaitClaim, readClaim, type Terms, writeClaim } from './claim.ts'
import {
  claimFile,
  folders,
  type NodeConfig,
  packedProgram,
  readTls,
  type WorkerConfig,
} from './machine.ts'
import { callOffShutdown, powerOffAt } from './power.ts'
import { serveUntil } from './serve-until.ts'

export interface NodeOptions {
  version: string
  signal: AbortSignal
  log: Logger
}

export async function runNode(
  machine: NodeConfig,
  { version, signal, log }: NodeOptions,
): Promise<void> {
  const { id, cluster, region, port, program } = machine
  const tls = readTls()
  const aws = await connectAws({ region })
  const onError = (what: string, error: unknown) => log.error({ err: error }, what)
  let claim =
    readClaim(claimFile) ??
    (await awaitClaim({ machine, tls, aws, pace: systemPace, file: claimFile, onError }))
  await callOffShutdown()
  const address = await readMetadata('local-ipv4')
  if (!address) throw new Error('the metadata service does not know this machine’s address')
  const node = { url: `https://${address}:${port}`, certificate: tls.cert }
  const ends = () => claim.terms.endsAt
  powerOffAt(ends, signal).catch((error) => onError('powering off', error))
  const provider = ec2Provider({
    aws,
    cluster,
    shapes: {
      get worker() {
        return claim.terms.workers
      },
    },
    bootScript({ id }) {
      const endsAt = ends()
      const common = { cluster, region, program, ...(endsAt ? { endsAt } : {}) }
      const worker: WorkerConfig = { kind: 'worker', id, ...common, node }
      return bootScript({ machine: worker, loader: claim.workerLoader })
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
    keys: { current: claim.secret, ...claim.rotation },
    async saveKeys({ current: secret, ...rotation }) {
      claim = { ...claim, secret, rotation }
      await writeClaim(claimFile, claim)
    },
    settings: {},
    provider,
    program: packedProgram,
    launchWorker: (worker) =>
      provider.launch({ id: worker.id, kind: 'worker', node: id, args: [], folder: folders.data }),
    async provision(terms) {
      claim = { ...claim, terms: terms as unknown as Terms }
      await writeClaim(claimFile, claim)
    },
    newWorkerId: () => `${id}-w-${randomBytes(4).toString('hex')}`,
    log,
  })
  await serveUntil(signal, () => startNode(options()))
}
