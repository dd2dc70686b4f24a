/** What `tm up` is about to make on EC2, and what it costs: shown before anything is made. Pure. */
import { withDefaults } from '../../core/settings.ts'
import type { Ec2Machine } from '../../provider/ec2/instances.ts'
import { type Estimate, estimate, priceOf } from '../../provider/ec2/prices.ts'
import { groupName, roleName } from '../../provider/ec2/tags.ts'
import type { TypeFacts } from '../../provider/ec2/types.ts'
import { columns } from '../columns.ts'
import { beforeReplacing, type LostNode } from '../lost-nodes.ts'
import { counted } from '../progress.ts'
import { type Choices, nodePort } from './choices.ts'
import type { Survey } from './infrastructure.ts'

export interface PlanOptions {
  cluster: string
  survey: Survey
  ids: string[]
  /** Nodes that there are already. */
  present: Ec2Machine[]
  /** Nodes that there were, and whose instances are gone. */
  lost: LostNode[]
  choices: Choices
  cidrs: string[]
}

export interface Plan {
  cluster: string
  region: string
  account: string
  /** With its instance, where it is there already. */
  nodes: { id: string; instance: string | undefined }[]
  /** What was only on their disks is lost. */
  lost: LostNode[]
  maxWorkers: number
  cidrs: string[]
  group: string
  /** None where an instance profile was named. */
  role: string | undefined
  profile: string
  vpc: string
  /** US dollars an hour, estimated; undefined where a price is not known. */
  hourly: { now: number | undefined; atMost: number | undefined }
  lines: Estimate['lines']
  notes: string[]
}

export function planOf(options: PlanOptions): Plan {
  const { cluster, survey, ids, present, lost, choices, cidrs } = options
  const { region, account } = survey.identity
  const { maxWorkers } = withDefaults(choices.settings)
  const cost = (pick: (types: TypeFacts[]) => string) =>
    estimate({
      region,
      nodes: ids.length,
      workers: ids.length * maxWorkers,
      nodeType: pick(survey.nodeTypes),
      workerType: pick(survey.workerTypes),
      publicAddresses: ids.length * (1 + maxWorkers),
      spot: choices.spot,
      volumeSize: choices.volumeSize,
    })
  const wanted = cost(([first]) => first?.type ?? '')
  const { most } = cost(dearest)
  const instance = (id: string) => present.find((one) => one.id === id)?.instance
  return {
    cluster,
    region,
    account,
    nodes: ids.map((id) => ({ id, instance: instance(id) })),
    lost,
    maxWorkers,
    cidrs,
    group: groupName(cluster),
    role: choices.instanceProfile ? undefined : roleName(region, cluster),
    profile: choices.instanceProfile ?? roleName(region, cluster),
    vpc: survey.network.vpc,
    hourly: { now: wanted.least, atMost: most },
    lines: wanted.lines,
    notes: [...wanted.notes, ...elsewhere(survey)],
  }
}

/** The price that is paid where the better ones have no room; one that is not known counts most. */
function dearest(types: TypeFacts[]): string {
  const price = ({ type }: TypeFacts) => priceOf(type) ?? Number.POSITIVE_INFINITY
  return types.toSorted((a, b) => price(b) - price(a))[0]?.type ?? ''
}

function elsewhere({ nodeTypes, workerTypes }: Survey): string[] {
  const others = [nodeTypes, workerTypes]
    .map((types) => types.map(({ type }) => type))
    .filter((types) => types.length > 1)
    .map(([first, ...rest]) => `${rest.join(' or ')} where AWS has no room for ${first}`)
  return others.length > 0 ? [`At most counts the dearest: ${others.join('; ')}`] : []
}

export function describePlan(plan: Plan): string {
  const { cluster, region, account, nodes, maxWorkers, cidrs, group, role, profile, vpc, lines } =
    plan
  const there = nodes.filter(({ instance }) => instance)
  const rows = lines.map(({ what, count, each }) => [
    `  ${count} ×`,
    what,
    each === undefined ? 'price not known' : `${dollars(count * each)} $/h`,
  ])
  return [
    `Cluster ${cluster} in ${region}, account ${account}, with all workers that its limits allow:`,
    columns(rows),
    `  security group ${group} in ${vpc}: port ${nodePort} for ${cidrs.join(', ')} and itself`,
    `  ${role ? 'role and instance profile' : 'the instance profile'} ${profile} for the nodes`,
    ...there.map(({ id, instance }) => `  ${id} is there already (${instance})`),
    ...plan.lost.map((node) => `  ${beforeReplacing(node)}`),
    describeHourly(plan, nodes.length * maxWorkers),
    ...plan.notes.map((note) => `${note}.`),
  ].join('\n')
}

function describeHourly({ hourly: { now, atMost } }: Plan, workers: number): string {
  const show = (value: number | undefined) =>
    value === undefined ? 'an unknown price' : `${dollars(value)} $/h`
  return `${show(now)} without work, at most ${show(atMost)} with ${counted(workers, 'worker')}`
}

/** 0.043, 0.95, 12.4: as many digits as somebody looks at. */
export function dollars(value: number): string {
  if (value === 0) return '0'
  return value >= 1 ? value.toFixed(2) : String(Number(value.toPrecision(2)))
}
