/**
 * An AWS account of the stand-in, with the real SDK talking to it and time running fifty times as
 * fast, and what `tm up` does in it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Reporter } from '../../../src/core/progress.ts'
import { connectAws, disconnectAws } from '../../../src/provider/ec2/aws/connect.ts'
import type { AwsContext } from '../../../src/provider/ec2/aws/context.ts'
import type { RetryContext } from '../../../src/provider/ec2/aws/retry-context.ts'
import {
  type ClusterContext,
  ensureInfrastructure,
} from '../../../src/provider/ec2/cluster/infrastructure.ts'
import { launchNodes } from '../../../src/provider/ec2/cluster/launch-nodes.ts'
import { surveyAccount } from '../../../src/provider/ec2/cluster/survey.ts'
import {
  createIntents,
  type Intent,
  type Journal,
} from '../../../src/provider/ec2/machines/intents.ts'
import type { GivenOptions } from '../../aws/options.ts'
import { type Standin, startStandin } from '../../aws/standin.ts'

const speed = 50

export const fastRetry: RetryContext = {
  now: () => performance.now() * speed,
  sleep: async (ms) => {
    await delay(ms / speed)
  },
  random: Math.random,
}

export interface Account {
  standin: Standin
  aws: AwsContext
  site: ClusterContext
  /** Titles and notes of the steps so far. */
  steps: string[]
  /** Other clients: of another process, or of a machine. */
  connect(credentials?: Standin['operator'] & { sessionToken?: string }): Promise<AwsContext>
  close(): Promise<void>
}

export async function openAccount(given: GivenOptions = {}, cluster = 'test'): Promise<Account> {
  const standin = await startStandin(given)
  const opened: AwsContext[] = []
  const connect: Account['connect'] = async (credentials = standin.operator) => {
    const { url: endpoint, region } = standin
    const aws = await connectAws({ endpoint, region, credentials, retry: fastRetry })
    opened.push(aws)
    return aws
  }
  const aws = await connect()
  const steps: string[] = []
  const site = { aws, cluster, reporter: recording(steps) }
  return {
    standin,
    aws,
    site,
    steps,
    connect,
    async close() {
      for (const one of opened) disconnectAws(one)
      await standin.stop()
    },
  }
}

export function recording(steps: string[]): Reporter {
  return {
    async step(title, work) {
      let shown = title
      const result = await work((text) => {
        shown = `${title}: ${text}`
      })
      steps.push(shown)
      return result
    },
    count: () => ({ set() {}, from() {}, end() {} }),
    status: () => ({ width: Infinity, dueInMs: () => 60_000, show() {}, end() {} }),
    say: (text) => void steps.push(text),
  }
}

/** A journal that outlives a killed command, as a file does. */
export function keptJournal(): Journal & { kept: Intent[] } {
  const journal = {
    kept: [] as Intent[],
    read: async () => structuredClone(journal.kept),
    async write(intents: Intent[]) {
      journal.kept = structuredClone(intents)
    },
  }
  return journal
}

export interface UpChanges {
  journal?: Journal
  cidrs?: string[]
  nodes?: string[]
  nodeTypes?: string[]
  workerTypes?: string[]
  spot?: boolean
  boundary?: string
  bootScript?: string
}

/** Everything of `tm up` that is in AWS. */
export async function up(site: ClusterContext, changes: UpChanges = {}) {
  const { journal = keptJournal(), cidrs = ['203.0.113.7'], boundary } = changes
  const intents = createIntents(journal)
  const { nodeTypes = ['t4g.small', 't3.small'], workerTypes = ['c7g.large', 'c7i.large'] } =
    changes
  const seen = await surveyAccount({ ...site, nodeTypes, workerTypes })
  const infrastructure = await ensureInfrastructure({
    ...site,
    survey: seen,
    port: 8443,
    cidrs,
    intents,
    spot: changes.spot ?? false,
    volumeSize: 8,
    workerVolumeSize: 8,
    ...(boundary ? { boundary } : {}),
  })
  const ids = changes.nodes ?? ['node-1', 'node-2']
  const bootScript = () => changes.bootScript ?? '#!/bin/sh\n'
  const onLaunched = () => {}
  const nodes = await launchNodes({ ...site, infrastructure, ids, bootScript, intents, onLaunched })
  return { infrastructure, nodes }
}

/** What there is, by kind; terminated instances left out. */
export function census(standin: Standin) {
  const { world } = standin
  const instances = [...world.instances.values()].filter(({ state }) => state !== 'terminated')
  return {
    machines: instances.map(({ tags }) => tags.get('tm:id') ?? 'untagged').sort(),
    groups: [...world.groups.values()].filter(({ name }) => name !== 'default').length,
    roles: [...world.roles.values()].filter(({ path }) => path === '/tm/').length,
    profiles: world.profiles.size,
    untagged: [...instances, ...world.volumes.values()].filter(
      ({ tags }) => tags.get('tm:cluster') !== 'test' || !tags.get('tm:kind'),
    ).length,
  }
}

export const oneCluster = {
  machines: ['node-1', 'node-2'],
  groups: 1,
  roles: 1,
  profiles: 1,
  untagged: 0,
}
