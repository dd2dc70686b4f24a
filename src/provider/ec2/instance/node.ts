/** A node on an instance: waits for an owner if it has none, then serves and launches workers. */
import type { Logger } from 'pino'
import { type ServeOptions, serveUntil, startNode } from '../../../node/serve.ts'
import type { Tail } from '../../../runtime/tail.ts'
import { awaitAdoption, readAdoption, writeAdoption } from '../adopt/machine/await-adoption.ts'
import { connectAws } from '../aws/connect.ts'
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
import { callOffShutdown, powerOffAt } from './power.ts'

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
  let adoption =
    readAdoption(adoptionFile) ??
    (await awaitAdoption({ machine, tls, aws, file: adoptionFile, onError }))
  await callOffShutdown()
  const address = await readMetadata('local-ipv4')
  if (!address) throw new Error('the metadata service does not know this machine’s address')
  const node = { url: `https://${address}:${port}`, certificate: tls.cert }
  const ends = () => adoption.terms.endsAt
  powerOffAt(ends, signal).catch((error) => onError('powering off', error))
  const provider = ec2Provider({
    aws,
    cluster,
    shapes: {
      get worker() {
        return adoption.terms.workers
      },
    },
    bootScript({ id }) {
      const endsAt = ends()
      const common = { cluster, region, program, ...(endsAt ? { endsAt } : {}) }
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
    async configure(terms) {
      adoption = { ...adoption, terms }
      await writeAdoption(adoptionFile, adoption)
    },
    log,
    tail,
  })
  await serveUntil(signal, () => startNode(options()))
}
