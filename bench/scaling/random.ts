/** Random numbers that a seed fixes. */
export interface Random {
  /** In [0, 1). */
  uniform(): number
  /** Of mean 0 and variance 1. */
  normal(): number
}

/** A linear congruential generator with the numbers of Knuth's MMIX: good enough for durations. */
export function createRandom(seed: number): Random {
  let state = BigInt(seed) * 0x9e3779b97f4a7c15n
  function uniform(): number {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn
    return Number(state >> 11n) / 2 ** 53
  }
  /** Box and Muller. */
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return { uniform, normal }
}
