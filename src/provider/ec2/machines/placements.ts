/**
 * Where a machine may run: each wanted type in each zone that offers it, except where AWS lacked
 * capacity a moment ago. Pure.
 */
import type { Subnet } from '../network/subnets.ts'
import type { TypeFacts } from './types.ts'

export interface Placement {
  type: string
  zone: string
  subnet: string
  spot: boolean
}

/** How long a placement without capacity is skipped; Karpenter does the same. */
export const skipFullMs = 3 * 60_000

type Where = Pick<Placement, 'type' | 'zone' | 'spot'>

export interface PlacementOptions {
  types: TypeFacts[]
  subnets: Subnet[]
  spot: boolean
  /** With `spot`: on demand, after all spot placements. */
  onDemandFallback?: boolean
  /** For a node: rotates the zones, so that the nodes of a cluster spread over them. */
  zoneOffset?: number
  /** For a worker: the zone of its node. Traffic between zones is slower, and charged. */
  home?: string | undefined
  /** The workers that there are, and those of them that are of the same node. */
  workers?: Where[]
  own?: Where[]
}

/**
 * On demand, the first type in all zones, then the next type: the first is the cheapest. Spot workers
 * spread over pools (a type in a zone), because AWS reclaims a pool as a whole: the pool with the fewest
 * workers of the same node comes first, the zone of that node first among equals.
 */
export function placements(options: PlacementOptions): Placement[] {
  if (!options.spot) return onDemand(options)
  return [...spotPools(options), ...(options.onDemandFallback ? onDemand(options) : [])]
}

function onDemand(options: PlacementOptions): Placement[] {
  const order = zoneOrder(options)
  return options.types.flatMap((type) => inZones(type, order, false))
}

function spotPools(options: PlacementOptions): Placement[] {
  const { types, own = [] } = options
  const order = zoneOrder(options)
  const pools = order.flatMap((subnet) => types.flatMap((type) => inZones(type, [subnet], true)))
  const count = ({ type, zone }: Placement) =>
    own.filter((one) => one.spot && one.type === type && one.zone === zone).length
  return pools.toSorted((a, b) => count(a) - count(b))
}

function inZones({ type, zones }: TypeFacts, subnets: Subnet[], spot: boolean): Placement[] {
  return subnets
    .filter(({ zone }) => zones.includes(zone))
    .map(({ id, zone }) => ({ type, zone, subnet: id, spot }))
}

/** The home zone, then those with the fewest workers, then as rotated. */
function zoneOrder({ subnets, zoneOffset = 0, home, workers = [] }: PlacementOptions): Subnet[] {
  const from = subnets.length === 0 ? 0 : zoneOffset % subnets.length
  const rotated = [...subnets.slice(from), ...subnets.slice(0, from)]
  const rank = (subnet: Subnet) =>
    subnet.zone === home ? -1 : workers.filter(({ zone }) => zone === subnet.zone).length
  return rotated.sort((a, b) => rank(a) - rank(b))
}

export interface FullPlacements {
  add(placement: Placement, now: number): void
  has(placement: Placement, now: number): boolean
}

export function createFullPlacements(): FullPlacements {
  const since = new Map<string, number>()
  const key = ({ type, zone, spot }: Placement) => `${type}:${zone}:${spot}`
  return {
    add: (placement, now) => void since.set(key(placement), now),
    has(placement, now) {
      const at = since.get(key(placement))
      return at !== undefined && now - at < skipFullMs
    },
  }
}
