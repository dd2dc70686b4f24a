/**
 * Estimates what a cluster costs per hour, from a table that was written down from memory. To compare:
 * https://aws.amazon.com/ec2/pricing/on-demand/ and https://aws.amazon.com/ebs/pricing/.
 */

import type { SpotPrices } from './spot-prices.ts'

/** On-demand, Linux, us-east-1, US dollars per hour. */
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

/** The date of the table; nobody has compared it with the source since. */
export const pricesDate = '2025-06-01'
export const pricesRegion = 'us-east-1'
/** A public IPv4 address, in every region since 2024-02-01 (Amazon VPC pricing). */
export const publicAddressPrice = 0.005
/** gp3: 0.08 $ per GiB and month of 730 hours. */
export const volumePrice = 0.08 / 730
/** A guess: spot was 60 to 70 % cheaper for these families over the last years. */
export const spotShare = 0.4

/** What a vCPU above its baseline costs an hour, by family (EC2 pricing, T unlimited mode). */
const creditHourly: Record<string, number> = { t4g: 0.04, t3: 0.05, t3a: 0.05 }

export function priceOf(type: string): number | undefined {
  return hourly[type]
}

/** What each vCPU of a burstable type costs more at full load; undefined for other types. */
export function creditPriceOf(type: string): number | undefined {
  return creditHourly[type.split('.')[0] ?? '']
}

/** An hour on spot: as EC2 has said, or else a share of the price on demand. */
export function spotPriceOf(type: string, asked?: SpotPrices): number | undefined {
  const onDemand = priceOf(type)
  return asked?.hourly.get(type) ?? (onDemand === undefined ? undefined : onDemand * spotShare)
}

function spotNote(type: string, asked?: SpotPrices): string {
  const assumed = `Spot is assumed to cost ${spotShare * 100} % of on-demand; its price changes hourly`
  if (asked?.problem !== undefined) return `${assumed}. EC2 could not be asked: ${asked.problem}`
  if (!asked?.hourly.has(type)) return assumed
  const when = new Date(asked.at).toISOString().slice(0, 16).replace('T', ' ')
  return `The price of spot is what EC2 asks for ${type} in the dearest zone at ${when} UTC; it changes hourly`
}

export interface EstimateOptions {
  region: string
  nodes: number
  /** Of all nodes together, at the limit. */
  workers: number
  node: PricedType
  worker: PricedType
  /** With all workers running. */
  publicAddresses: number
  /** Workers only. */
  spot: boolean
  /** As EC2 has said; undefined if it was not asked. */
  spotPrices?: SpotPrices | undefined
}

export interface PricedType {
  type: string
  vcpus: number
  /** GiB of its disk. */
  disk: number
}

interface Line {
  what: string
  count: number
  each: number | undefined
}

/** US dollars per hour; undefined if a type is not in the table. */
export interface Estimate {
  /** Nodes only, without work. */
  least: number | undefined
  /** With all workers that the limit allows. */
  most: number | undefined
  /** These workers alone, without work. */
  workers: number | undefined
  lines: Line[]
  /** How far to trust the estimate. */
  notes: string[]
}

export function estimate(options: EstimateOptions): Estimate {
  const { nodes, workers, publicAddresses, spot } = options
  const { type: nodeType } = options.node
  const { type: workerType } = options.worker
  const worker = spot ? spotPriceOf(workerType, options.spotPrices) : priceOf(workerType)
  const lines = [
    { what: `node, ${nodeType}`, count: nodes, each: priceOf(nodeType) },
    { what: `worker, ${workerType}${spot ? ' spot' : ''}`, count: workers, each: worker },
    { what: 'public IPv4 address', count: publicAddresses, each: publicAddressPrice },
    ...disks(options),
    ...[credits(options.node, nodes), credits(options.worker, workers)].flat(),
  ]
  const idle = [
    { count: nodes, each: priceOf(nodeType) },
    { count: Math.min(nodes, publicAddresses), each: publicAddressPrice },
    { count: nodes, each: options.node.disk * volumePrice },
  ]
  const idleWorkers = [
    { count: workers, each: worker },
    { count: Math.max(0, publicAddresses - nodes), each: publicAddressPrice },
    { count: workers, each: options.worker.disk * volumePrice },
  ]
  const unknown = [
    ...(priceOf(nodeType) === undefined ? [nodeType] : []),
    ...(worker === undefined ? [workerType] : []),
  ]
  return {
    least: sum(idle),
    most: sum(lines),
    workers: sum(idleWorkers),
    lines: lines.filter(({ count }) => count > 0),
    notes: [
      `An estimate from on-demand prices in ${pricesRegion}, written down from memory on ${pricesDate}; excludes traffic and taxes`,
      ...(options.region === pricesRegion
        ? []
        : [`Prices in ${options.region} may differ by about 20 %`]),
      ...(spot ? [spotNote(workerType, options.spotPrices)] : []),
      ...creditNotes(options),
      ...(unknown.length > 0 ? [`No price known for ${[...new Set(unknown)].join(', ')}`] : []),
    ],
  }
}

function disks({ nodes, workers, node, worker }: EstimateOptions): Line[] {
  const line = (count: number, size: number, of = ''): Line => ({
    what: `disk${of}, ${size} GiB`,
    count,
    each: size * volumePrice,
  })
  return node.disk === worker.disk
    ? [line(nodes + workers, node.disk)]
    : [line(nodes, node.disk, ' of a node'), line(workers, worker.disk, ' of a worker')]
}

/** Charged only above the baseline, so not in what an idle cluster costs. */
function credits({ type, vcpus }: PricedType, count: number): Line[] {
  const price = creditPriceOf(type)
  if (price === undefined) return []
  return [{ what: `CPU credits, ${type}`, count, each: vcpus * price }]
}

function creditNotes({ node, worker }: EstimateOptions): string[] {
  const types = [...new Set([node, worker].map(({ type }) => type))]
  const burstable = types.filter((type) => creditPriceOf(type) !== undefined)
  if (burstable.length === 0) return []
  return [
    `CPU credits of ${burstable.join(', ')} are charged only while the load is above its baseline`,
  ]
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
