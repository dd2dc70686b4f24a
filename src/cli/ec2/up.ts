/**
 * `tm up` on EC2: looks, says what it will make and what that costs, asks, then makes it. Every step
 * completes what an earlier `tm up` has left, so it can be killed anywhere and run again.
 */
import { TmError } from '../../core/errors.ts'
import { type Aws, connectAws, disconnectAws } from '../../provider/ec2/clients.ts'
import { createIntents } from '../../provider/ec2/intents.ts'
import { type Pace, systemPace } from '../../provider/ec2/pace.ts'
import { type BackupFile, placeBackups } from '../backup/restore.ts'
import { afterReplacing, type LostNode } from '../lost-nodes.ts'
import type { Reporter } from '../progress.ts'
import { type Saved, tm } from '../saved.ts'
import { nodeBootScript } from './boot-script.ts'
import type { Bring } from './bring.ts'
import { type Choices, mergeChoices, nodePort } from './choices.ts'
import { ensureInfrastructure, type Site } from './infrastructure.ts'
import { fileJournal } from './journal.ts'
import { look } from './look.ts'
import { launchNodes } from './nodes.ts'
import { describePlan, type Plan } from './plan.ts'
import type { Program } from './program.ts'
import { ec2Record, endOf, recordLaunched, recordNodes, regionFor, writeRecord } from './record.ts'
import { told } from './told.ts'

export interface Ec2UpOptions {
  saved: Saved
  /** As given with --region: a cluster that is elsewhere is refused. */
  region: string | undefined
  /** What the environment says, for a cluster that is new. */
  ambientRegion: string | undefined
  /** How many nodes to have; what there is already, if undefined. */
  nodes: number | undefined
  /** Only what was given now. */
  choices: Partial<Choices>
  /** For nodes that have nothing yet. */
  restore: BackupFile[]
  dryRun: boolean
  /** Shows the plan and asks; throws where the answer is no. */
  confirm: (plan: string) => Promise<void>
  program: Program
  /** What makes a cluster of the nodes that were launched. */
  bring: Bring
  reporter: Reporter
  /** Ends everything that waits; what was made stays. */
  signal: AbortSignal
  connect?: (region: string | undefined) => Promise<Aws>
  pace?: Pace
  fetch?: typeof fetch
  /** Wall-clock milliseconds. */
  now?: () => number
}

export interface Ec2UpResult {
  cluster: string
  provider: 'ec2'
  region: string
  nodes: { id: string; url: string; instance: string }[]
  maxWorkers: number
  /** Nodes that were replaced: what was only on their disks is lost. */
  lost?: LostNode[]
}

export interface DryRunResult {
  cluster: string
  provider: 'ec2'
  plan: Plan
}

export async function upEc2(options: Ec2UpOptions): Promise<Ec2UpResult | DryRunResult> {
  const { saved, signal, connect = (place) => connectAws({ region: place }) } = options
  const pace = { ...(options.pace ?? systemPace), signal }
  const { name: cluster } = saved
  const called = { command: 'up', cluster, region: options.region, signal }
  const record = ec2Record(saved)
  const region = regionFor(record, options.region) ?? options.ambientRegion
  return await told({ ...called, interrupted: () => interrupted(saved) }, async () => {
    const aws = await connect(region)
    try {
      const site = { aws, cluster, pace, reporter: options.reporter }
      return await makeIt(options, site, mergeChoices(record?.choices ?? {}, options.choices))
    } finally {
      disconnectAws(aws)
    }
  })
}

async function makeIt(
  options: Ec2UpOptions,
  site: Site,
  choices: Choices,
): Promise<Ec2UpResult | DryRunResult> {
  const { saved } = options
  const { fetch = globalThis.fetch, nodes: wanted } = options
  const seen = await look({ saved, site, choices, nodes: wanted, fetch })
  const { ids, cidrs, plan } = seen
  const restored = [...placeBackups(options.restore, ids).keys()]
  const { cluster } = site
  if (options.dryRun) return { cluster, provider: 'ec2', plan }
  await options.confirm(describePlan(plan))

  // From here on something is made: whoever comes later must find the secret and the record.
  saved.create()
  const { identity } = seen.survey
  const now = (options.now ?? Date.now)()
  const endsAt = endOf(saved.read(), { given: options.choices.ttl, ttl: choices.ttl, now })
  writeRecord(saved, { identity, ids, choices, now, endsAt })
  const intents = createIntents(fileJournal(saved))
  const { boundary, instanceProfile, spot, volumeSize, settings } = choices
  const infrastructure = await ensureInfrastructure({
    ...site,
    survey: seen.survey,
    port: nodePort,
    cidrs,
    intents,
    spot,
    workerAddresses: true,
    volumeSize,
    ...(boundary ? { boundary } : {}),
    ...(instanceProfile ? { instanceProfile } : {}),
  })
  const { region, arn: owner } = identity
  const boot = { cluster, region, port: nodePort, owner }
  const bootScript = (id: string) => nodeBootScript({ id, ...boot }, options.program)
  const launched = await launchNodes({ ...site, infrastructure, ids, bootScript, intents })
  recordLaunched(saved, launched)

  const context = {
    ...site,
    saved,
    port: nodePort,
    program: options.program,
    choices,
    settings,
    restore: options.restore,
    endsAt,
  }
  const brought = await options.bring(launched, infrastructure, context)
  recordNodes(saved, brought.nodes)
  const nodes = brought.nodes.map(({ id, url, instance }) => ({ id, url, instance }))
  for (const text of afterReplacing(saved, plan.lost, restored)) options.reporter.say(text)
  const lost = plan.lost.length > 0 ? { lost: plan.lost } : {}
  return { cluster, provider: 'ec2', region, nodes, maxWorkers: brought.maxWorkers, ...lost }
}

function interrupted(saved: Saved): TmError {
  if (saved.read() === undefined) return new TmError('failed', 'Interrupted; nothing was made')
  const { name } = saved
  return new TmError('failed', 'Interrupted; what was made so far is still there, and costs', {
    suggestions: [`Complete it: ${tm('up', name)}`, `Or remove it: ${tm('down', name)}`],
  })
}
