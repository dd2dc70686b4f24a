/** All that `tm up` on EC2 has to know before it makes anything; nothing is made here. */
import { type Ec2Machine, isLeaving, listInstances } from '../../provider/ec2/instances.ts'
import type { LostNode } from '../lost-nodes.ts'
import { nodeIds } from '../node-ids.ts'
import type { Ec2Record, Saved } from '../saved.ts'
import { operatorAddress } from './address.ts'
import type { Choices } from './choices.ts'
import { type Site, type Survey, survey } from './infrastructure.ts'
import { fileJournal } from './journal.ts'
import { type Plan, planOf } from './plan.ts'
import { checkAccount, ec2Record, foreign, refuseForeign } from './record.ts'

export interface LookOptions {
  saved: Saved
  site: Site
  choices: Choices
  /** How many nodes to have; what there is already, if undefined. */
  nodes: number | undefined
  fetch: typeof globalThis.fetch
}

export interface Seen {
  survey: Survey
  ids: string[]
  /** Who gets in. */
  cidrs: string[]
  plan: Plan
}

export async function look(options: LookOptions): Promise<Seen> {
  const { saved, site, choices } = options
  const { instanceTypes: nodeTypes, workerTypes, subnet, ami } = choices
  const record = ec2Record(saved)
  const seen = await survey({
    ...site,
    check: (identity) => checkAccount(record, identity),
    nodeTypes,
    workerTypes,
    ...(subnet ? { subnet } : {}),
    ...(ami ? { ami } : {}),
  })
  const { aws, cluster, pace } = site
  const all = await listInstances(aws, { cluster }, pace)
  const present = all.filter((machine) => machine.kind === 'node' && !isLeaving(machine))
  const intents = await fileJournal(saved).read()
  refuseForeign(saved, aws.region, foreign(present, record, intents ?? []))
  const cidrs = choices.allowCidrs ?? [await ownAddress(options)]
  const known = [...(record?.nodes ?? []), ...present].map(({ id }) => id)
  const ids = nodeIds([...new Set(known)].sort(byNumber), options.nodes)
  const lost = lostOf(record, present)
  const plan = planOf({ cluster, survey: seen, ids, present, lost, choices, cidrs })
  return { survey: seen, ids, cidrs, plan }
}

async function ownAddress({ site, fetch }: LookOptions): Promise<string> {
  return await site.reporter.step('your address', async (note) => {
    const { signal } = site.pace
    const own = await operatorAddress({ flag: '--allow-cidr', fetch, signal })
    note(own)
    return own
  })
}

/** Instances that this machine has seen running as nodes, and that are no more. */
function lostOf(record: Ec2Record | undefined, present: Ec2Machine[]): LostNode[] {
  const there = new Set(present.map(({ instance }) => instance))
  return (record?.nodes ?? []).flatMap(({ id, instance }) =>
    instance && !there.has(instance) ? [{ id, place: instance }] : [],
  )
}

/** node-2 before node-10. */
function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
