/** Chance that can be had again: everything a soak does at random comes from one seed. */

export type Random = ReturnType<typeof seeded>

/** Mulberry32, by Tommy Ettinger: small, and good enough to choose by. */
export function seeded(seed: number) {
  let state = seed >>> 0

  /** In [0, 1). */
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  const random = {
    next,
    chance: (probability: number) => next() < probability,
    /** A whole number from `min` to `max`. */
    whole: (min: number, max: number) => min + Math.floor(next() * (max - min + 1)),
    /** The same, with as many below 10 as from 10 to 100, and so on. */
    magnitude: (min: number, max: number) =>
      Math.floor(Math.exp(Math.log(min) + next() * (Math.log(max + 1) - Math.log(min)))),
    pick: <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T,
    /** One of the names, each as often as its weight says. */
    weighted<K extends string>(weights: Record<K, number>): K {
      const all = Object.entries(weights) as [K, number][]
      let left = next() * all.reduce((sum, [, weight]) => sum + weight, 0)
      for (const [name, weight] of all) {
        left -= weight
        if (left < 0) return name
      }
      return all[0]?.[0] as K
    },
    bytes(size: number): Uint8Array<ArrayBuffer> {
      const words = new Uint32Array(Math.ceil(size / 4))
      for (let i = 0; i < words.length; i += 1) words[i] = next() * 2 ** 32
      return new Uint8Array(words.buffer, 0, size)
    },
    /** Its own sequence, whatever is taken from this one later. */
    fork: () => seeded(next() * 2 ** 32),
  }
  return random
}
