// The constants of SHA-512, computed from their definition in FIPS 180-4 rather than listed.
// Used only while generating the WebAssembly kernel.

const fractionBits = (1n << 64n) - 1n

/** FIPS 180-4, 4.2.3: fractional parts of the cube roots of the first eighty primes. */
export const roundConstants: readonly bigint[] = primes(80).map(
  (prime) => integerRoot(prime << 192n, 3n) & fractionBits,
)

/** FIPS 180-4, 5.3.5: fractional parts of the square roots of the first eight primes. */
export const initialState: readonly bigint[] = primes(8).map(
  (prime) => integerRoot(prime << 128n, 2n) & fractionBits,
)

function primes(count: number): bigint[] {
  const found: bigint[] = []
  for (let candidate = 2n; found.length < count; candidate += 1n) {
    if (found.every((prime) => candidate % prime !== 0n)) found.push(candidate)
  }
  return found
}

/** The largest integer whose power is at most `value`; the roots needed here are below 2^69. */
function integerRoot(value: bigint, power: bigint): bigint {
  let low = 0n
  let high = 1n << 69n
  while (low < high) {
    const middle = (low + high + 1n) / 2n
    if (middle ** power <= value) low = middle
    else high = middle - 1n
  }
  return low
}
