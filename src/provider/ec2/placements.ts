/**
 * Where a machine may go: each type of a list in each zone that offers it, without the places that
 * had no room a moment ago. Pure.
 */
import type { Subnet } from './network.ts'
import type { TypeFacts } from './types.ts'

export interface Placement {
  type: string
  zone: string
  subnet: string
}

/** A place without room is left alone for this long, as Karpenter does. Milliseconds. */
export const forgetAfter = 3 * 60_000

/**
 * The first type in all zones, then the next type. `turn` rotates the zones, so that the nodes of a
 * cluster do not all stand in one.
 */
export function placements(types: TypeFacts[], subnets: Subnet[], turn = 0): Placement[] {
  const from = subnets.length === 0 ? 0 : turn % subnets.length
  const order = [...subnets.slice(from), ...subnets.slice(0, from)]
  return types.flatMap(({ type, zones }) =>
    order
      .filter(({ zone }) => zones.includes(zone))
      .map(({ id, zone }) => ({ type, zone, subnet: id })),
  )
}

export interface FullPlaces {
  add(placement: Placement, now: number): void
  has(placement: Placement, now: number): boolean
}

export function createFullPlaces(): FullPlaces {
  const since = new Map<string, number>()
  const key = ({ type, zone }: Placement) => `${type}:${zone}`
  return {
    add: (placement, now) => void since.set(key(placement), now),
    has(placement, now) {
      const at = since.get(key(placement))
      return at !== undefined && now - at < forgetAfter
    },
  }
}
