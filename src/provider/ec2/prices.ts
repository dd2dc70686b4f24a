/**
 * What a cluster costs an hour, from a table that was written down from memory: an estimate, and
 * shown as one. What it was taken from: https://aws.amazon.com/ec2/pricing/on-demand/ and https://aws.amazon.com/ebs/pricing/.
 */

/** On-demand, Linux, us-east-1, US dollars an hour. */
const hourly: Record<string, number> = {
  't4g.nano': 0.0042,
  't4g.micro': 0.0084,
  't4g.small': 0.0168,
  't4g.medium': 0.0336,
  't4g.large': 0.0672,
  't3.nano': 0.0052,
  't3.micro': 0.0104,
  't3.small': 0.0208,
  't3.medium': 0.0416,
  't3.large': 0.0832,
  'c7g.medium': 0.0363,
  'c7g.large': 0.0725,
  'c7g.xlarge': 0.145,
  'c7g.2xlarge': 0.29,
  'c7i.large': 0.08925,
  'c7i.xlarge': 0.1785,
  'c7i.2xlarge': 0.357,
  'm7g.medium': 0.0408,
  'm7g.large': 0.0816,
  'm7g.xlarge': 0.1632,
}

/** What the table is of; nobody has compared it with the source since. */
export const pricesOf = '2025-06-01'
export const pricesRegion = 'us-east-1'
/** A public IPv4 address, in every region since 2024-02-01 (Amazon VPC pricing). */
export const publicAddressPrice = 0.005
/** gp3: 0.08 $ a GiB and month of 730 hours. */
export const volumePrice = 0.08 / 730
/** A guess: spot was 60 to 70 % off for these families over the last years. */
export const spotShare = 0.4

export function priceOf(type: string): number | undefined {
  return hourly[type]
}

export interface CostQuestion {
  region: string
  nodes: number
  /** At the limit: all nodes together. */
  workers: number
  nodeType: string
  workerType: string
  /** How many machines have a public address, when all workers run. */
  publicAddresses: number
  /** Workers only. */
  spot: boolean
  /** GiB of each machine. */
  volumeSize: number
}

/** US dollars an hour; undefined where the table does not know a type. */
export interface Estimate {
  /** Nodes only, nothing to do. */
  least: number | undefined
  /** All workers that the limit allows. */
  most: number | undefined
  lines: { what: string; count: number; each: number | undefined }[]
  /** How far to trust it. */
  notes: string[]
}

export function estimate(question: CostQuestion): Estimate {
  const { nodes, workers, nodeType, workerType, publicAddresses, spot, volumeSize } = question
  const onDemand = priceOf(workerType)
  const worker = spot && onDemand !== undefined ? onDemand * spotShare : onDemand
  const lines = [
    { what: `node, ${nodeType}`, count: nodes, each: priceOf(nodeType) },
    { what: `worker, ${workerType}${spot ? ' spot' : ''}`, count: workers, each: worker },
    { what: 'public IPv4 address', count: publicAddresses, each: publicAddressPrice },
    { what: `disk, ${volumeSize} GiB`, count: nodes + workers, each: volumeSize * volumePrice },
  ]
  const idle = [
    { count: nodes, each: priceOf(nodeType) },
    { count: Math.min(nodes, publicAddresses), each: publicAddressPrice },
    { count: nodes, each: volumeSize * volumePrice },
  ]
  const unknown = [nodeType, workerType].filter((type) => priceOf(type) === undefined)
  return {
    least: sum(idle),
    most: sum(lines),
    lines: lines.filter(({ count }) => count > 0),
    notes: [
      `An estimate: on-demand prices in ${pricesRegion} of ${pricesOf}, from memory; no traffic, no taxes`,
      ...(question.region === pricesRegion ? [] : [`${question.region} may differ by some 20 %`]),
      ...(spot
        ? [`Spot is taken as ${spotShare * 100} % of on-demand; it changes by the hour`]
        : []),
      ...(unknown.length > 0 ? [`No price is known for ${[...new Set(unknown)].join(', ')}`] : []),
    ],
  }
}

function sum(lines: { count: number; each: number | undefined }[]): number | undefined {
  let total = 0
  for (const { count, each } of lines) {
    if (count === 0) continue
    if (each === undefined) return undefined
    total += count * each
  }
  return Math.round(total * 10_000) / 10_000
}
