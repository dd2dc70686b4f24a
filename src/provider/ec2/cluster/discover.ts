/** Finds out all that `tm up` on EC2 has to know before it creates anything. Read-only. */
import { TmError } from '../../../core/errors.ts'
import { dollars } from '../../../core/text.ts'
import type { Choices, Ec2Record } from '../../../state/cluster-record.ts'
import type { ClusterState } from '../../../state/cluster-state.ts'
import type { LostNode } from '../../cluster.ts'
import { nodeIds } from '../../node-ids.ts'
import { findDiskKey } from '../machines/disk-key.ts'
import { type Ec2Machine, isLeaving, listInstances } from '../machines/instances.ts'
import { askSpotPrices, type SpotPrices } from '../machines/spot-prices.ts'
import { checkExistingGroup } from '../network/existing-group.ts'
import type { Network } from '../network/network.ts'
import { operatorAddress } from '../network/operator-address.ts'
import { nodePort } from './choices.ts'
import { checkAddresses } from './fixed-choices.ts'
import type { ClusterContext } from './infrastructure.ts'
import { fileJournal } from './journal.ts'
import { type Plan, planOf } from './plan.ts'
import { lookUpQuotas } from './quotas.ts'
import { checkAccount, ec2Record, foreign, refuseForeign } from './record.ts'
import { type Survey, surveyAccount } from './survey.ts'

export interface DiscoverContext extends ClusterContext {
  state: ClusterState
  fetch?: typeof globalThis.fetch
}

export interface Discovery {
  survey: Survey
  ids: string[]
  plan: Plan
  /** What the cluster runs with now. */
  before: { types: string[]; images: string[] }
  diskKey: string | undefined
}

export async function discover(
  context: DiscoverContext,
  { nodes, choices }: { nodes: number | undefined; choices: Choices },
): Promise<Discovery> {
  const { state, aws, cluster } = context
  const { instanceTypes: nodeTypes, workerTypes, subnets, ami, workerAmi } = choices
  const record = ec2Record(state)
  const survey = await surveyAccount({
    ...context,
    check: (identity) => checkAccount(record, identity),
    nodeTypes,
    workerTypes,
    ...(subnets ? { subnets } : {}),
    ...(ami ? { ami } : {}),
    ...(workerAmi ? { workerAmi } : {}),
  })
  checkAddresses(record, survey.network.isPublic)
  const all = await listInstances(aws, { cluster })
  const present = all.filter((machine) => machine.kind === 'node' && !isLeaving(machine))
  const intents = await fileJournal(state).read()
  refuseForeign(state, aws.region, foreign(present, record, intents ?? []))
  const cidrs = choices.allowCidrs ?? [await ownAddress(context, survey.network)]
  await checkGivenGroup(context, { survey, choices, cidrs })
  const ids = nodeIds(knownIds(record, present, nodes), nodes)
  const lost = lostOf(record, present)
  const quotas = await lookUpQuotas(context, { survey, ids, machines: all, choices })
  const diskKey = await findDiskKey(aws)
  const spotPrices = choices.spot ? await askPrices(context, survey) : undefined
  const seen = { survey, ids, present, lost, quotas, diskKey, spotPrices }
  const plan = planOf({ cluster, choices, cidrs, ...seen })
  const running = all.filter((machine) => !isLeaving(machine))
  const before = {
    types: record?.choices.workerTypes ?? [],
    images: [...new Set(running.map(({ image }) => image))],
  }
  return { survey, ids, plan, before, diskKey }
}

async function askPrices(
  { aws, reporter }: DiscoverContext,
  { network, workerTypes }: Survey,
): Promise<SpotPrices> {
  return await reporter.step('spot prices', async (note) => {
    const types = workerTypes.map(({ type }) => type)
    const zones = network.subnets.map(({ zone }) => zone)
    const asked = await askSpotPrices(aws, { types, zones, at: Date.now() })
    const shown = [...asked.hourly].map(([type, price]) => `${type} ${dollars(price)} $/h`)
    note(shown.join(', ') || 'not known')
    return asked
  })
}

/** Before anything is created: tm changes nothing in a group that is not its own. */
async function checkGivenGroup(
  { aws, reporter }: DiscoverContext,
  { survey, choices, cidrs }: { survey: Survey; choices: Choices; cidrs: string[] },
): Promise<void> {
  const { securityGroup: id, port = nodePort } = choices
  if (id === undefined) return
  await reporter.step('security group', async (note) => {
    await checkExistingGroup(aws, { id, network: survey.network, port, cidrs })
    note(`${id}, which stays as it is`)
  })
}

const instead = 'Name the addresses that may reach the nodes: --allow-cidr 203.0.113.7/32'

async function ownAddress(
  { aws, reporter, fetch = globalThis.fetch }: DiscoverContext,
  { isPublic, blocks }: Network,
): Promise<string> {
  if (!isPublic) throw fromWhere(blocks)
  return await reporter.step('your address', async (note) => {
    const own = await operatorAddress({ instead, fetch, signal: aws.signal })
    note(own)
    return own
  })
}

/** What the internet sees as the operator's address is not the one that comes through a VPN. */
function fromWhere(blocks: string[]): TmError {
  const message =
    "Nodes will have private addresses, and tm can't know from which address you reach them"
  return new TmError('invalid', message, {
    suggestions: [
      `Name your address or block there, such as that of your VPN: --allow-cidr 10.0.0.0/16 (the subnets are ${blocks.join(', ')})`,
    ],
  })
}

/** A node that was wanted before but never came up does not count when a number is asked for now. */
function knownIds(
  record: Ec2Record | undefined,
  present: Ec2Machine[],
  wanted: number | undefined,
): string[] {
  const recorded = (record?.nodes ?? []).filter(({ url }) => wanted === undefined || url !== '')
  return [...new Set([...recorded, ...present].map(({ id }) => id))].sort(byNumber)
}

/** Nodes in the record whose instances no longer exist. One that never had an address had no data. */
function lostOf(record: Ec2Record | undefined, present: Ec2Machine[]): LostNode[] {
  const there = new Set(present.map(({ instance }) => instance))
  return (record?.nodes ?? []).flatMap(({ id, instance, url }) =>
    instance && url !== '' && !there.has(instance) ? [{ id, place: instance }] : [],
  )
}

/** node-2 before node-10. */
function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
