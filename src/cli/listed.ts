/** Clusters as `tm list` shows them: those of this machine, and what a table and a program see. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import chalk from 'chalk'
import { describeDuration } from '../core/duration.ts'
import { columns, tabs } from './columns.ts'
import { dollars } from './ec2/plan.ts'
import { type Launcher, providerOf } from './local/machines.ts'
import { type Ec2Record, type Saved, savedCluster, tm } from './saved.ts'
import { whereIs } from './where.ts'

export interface Listed {
  cluster: string
  provider: 'local' | 'ec2'
  region?: string
  nodes: number
  workers: number
  /** Wall-clock milliseconds of its oldest machine; undefined where it has none. */
  since?: number
  /** US dollars an hour, estimated; undefined where a price is not known. */
  hourly?: number
  /** Whether all that belongs to it is there. */
  whole: boolean
}

/** Everything that this machine remembers, wherever it is. */
export function savedClusters(dataDir: string): Saved[] {
  try {
    return readdirSync(join(dataDir, 'clusters'))
      .sort()
      .flatMap((name) => {
        try {
          return [savedCluster(dataDir, name)]
        } catch {
          return []
        }
      })
  } catch {
    return []
  }
}

/** Those that run on this machine, or whose data is kept here. */
export async function localClusters(saved: Saved[], launcher: Launcher): Promise<Listed[]> {
  const here = saved.filter((one) => whereIs(one) === 'local')
  return await Promise.all(
    here.map(async (one) => {
      const machines = await providerOf(one, launcher).list()
      const count = (kind: string) => machines.filter((machine) => machine.kind === kind).length
      const nodes = count('node')
      return {
        cluster: one.name,
        provider: 'local' as const,
        nodes,
        workers: count('worker'),
        ...(nodes > 0 ? { since: Math.min(...machines.map((each) => each.launchedAt)) } : {}),
        hourly: 0,
        whole: nodes > 0 && nodes === nodesIn(one),
      }
    }),
  )
}

function nodesIn(saved: Saved): number {
  try {
    return saved.read()?.nodes.length ?? 0
  } catch {
    return 0
  }
}

/** Clusters on EC2 that this machine has made, and that are not among those that were found. */
export function missing(
  records: Ec2Record[],
  { clusters, asked }: { clusters: Listed[]; asked: string[] },
): string[] {
  return records
    .filter(
      ({ cluster, region }) =>
        !clusters.some((one) => one.cluster === cluster && one.region === region),
    )
    .map(({ cluster, region }) =>
      asked.includes(region)
        ? `Cluster ${cluster} is gone from ${region}. Forget it: ${tm('down', cluster)}`
        : `Cluster ${cluster} in ${region} was made here: whether it runs is not known`,
    )
}

/** A table on a terminal, tab-separated elsewhere. */
export function describeList(
  clusters: Listed[],
  { now, terminal }: { now: number; terminal: boolean },
): string {
  const rows = clusters.map((one) => [
    one.cluster,
    one.region ?? 'this machine',
    String(one.nodes),
    String(one.workers),
    one.since === undefined ? '' : describeDuration(now - one.since),
    one.hourly === undefined ? 'not known' : dollars(one.hourly),
    remark(one),
  ])
  if (!terminal) return tabs(rows)
  if (rows.length === 0) return 'There are no clusters.'
  const header = ['CLUSTER', 'WHERE', 'NODES', 'WORKERS', 'AGE', '$/H', '']
  return columns([header.map((title) => chalk.bold(title)), ...rows])
}

function remark({ whole, provider, nodes }: Listed): string {
  if (whole) return ''
  if (nodes === 0) return provider === 'local' ? 'stopped' : 'remains: tm down removes them'
  return 'not complete: tm up completes it'
}
