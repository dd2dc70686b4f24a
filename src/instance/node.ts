/** A node on an instance: waits for its owner if it has none, then serves and launches workers. */
import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { startNode } from '../node/serve.ts'
import { connectAws } from '../provider/ec2/clients.ts'
import { ec2Provider } from '../provider/ec2/ec2.ts'
import { readMetadata } from '../provider/ec2/imds.ts'
import { systemPace } from '../provider/ec2/pace.ts'
import type { Shape } from '../provider/ec2/run-input.ts'
import { bootScript } from './boot/script.ts'
import { awaitClaim, readClaim, writeClaim } from './claim.ts'
import { claimFile, folders, type NodeConfig, packedProgram, readTls } from './machine.ts'
import { callOffShutdown } from './power.ts'
import { aborted } from './signals.ts'

export interface NodeOptions {
  version: string
  signal: AbortSignal
  log: Logger
}

export async function runNode(
  machine: NodeConfig,
  { version, signal, log }: NodeOptions,
): Promise<void> {
  const { id, cluster, region, port, program, endsAt } = machine
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
  const common = { cluster, region, program, ...(endsAt ? { endsAt } : {}) }
  const provider = ec2Provider({
    aws,
    cluster,
    shapes: {
      get worker() {
        return claim.workers
      },
    },
    bootScript: (spec) =>
      bootScript({
        machine: { kind: 'worker', id: spec.id, ...common, node },
        loader: claim.workerLoader,
      }),
  })
  const running = await startNode({
    id,
    cluster,
    version,
    folder: folders.data,
    host: '0.0.0.0',
    tls,
    address,
    port,
    secret: new Uint8Array(Buffer.from(claim.secret, 'hex')),
    settings: {},
    provider,
    program: packedProgram,
    launchWorker: (worker) =>
      provider.launch({ id: worker.id, kind: 'worker', node: id, args: [], folder: folders.data }),
    async reshape(shape) {
      claim = { ...claim, workers: shape as unknown as Shape }
      await writeClaim(claimFile, claim)
    },
    newWorkerId: () => `${id}-w-${randomBytes(4).toString('hex')}`,
    log,
  })
  await aborted(signal)
  await running.stop()
}
