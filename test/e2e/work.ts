/** Files for the end-to-end tests, and what has to come out of them, without any code of ours. */
import { execFile } from 'node:child_process'
import { createHash, hash } from 'node:crypto'
import { promisify } from 'node:util'

/** sha512, then sha512 of the digest, many times. */
export function expected(body: string | Uint8Array, iterations: number): string {
  let digest = hash('sha512', body, 'buffer')
  for (let i = 1; i < iterations; i += 1) digest = hash('sha512', digest, 'buffer')
  return digest.toString('hex')
}

const script = `
import hashlib, sys
digest = hashlib.sha512(open(sys.argv[1], 'rb').read()).digest()
for _ in range(int(sys.argv[2]) - 1): digest = hashlib.sha512(digest).digest()
print(digest.hex())`

/** The same by Python. Throws when there is none. */
export async function expectedByPython(file: string, iterations: number): Promise<string> {
  const args = ['-c', script, file, String(iterations)]
  return (await promisify(execFile)('python3', args)).stdout.trim()
}

/**
 * Work with a result that takes a worker 2 s, or 0.4 s: long enough to be killed in the middle. The
 * results are from Python's hashlib; node:crypto would take ten seconds to say the same.
 */
const body = new TextEncoder().encode('a task that takes its time\n')
export const longTask = {
  body,
  iterations: 10_000_000,
  result:
    '1ff34579456497105015981b7442f95a1d639ce76e5a644cb7379c4dfa65102d' +
    '39712e1d0387ef671256ce093ff25252740e1ad7c31f8bdbb38d23a38b0081c1',
}
export const shorterTask = {
  body,
  iterations: 2_000_000,
  result:
    '1a570598cc5499e0b934a502b29a272ddb7475d2b6f7ffeae10ba8e4bf48799b' +
    'da335e9f75ec59ee7c97244838de92c246184caea776b4f36275fb46c3557e16',
}

/** Work that keeps a worker busy until it is cancelled. */
export const endless = { body: new TextEncoder().encode('for ever'), iterations: 1e15 }

/** Bytes without a pattern, the same for the same seed. */
export function noise(seed: number, size: number): Uint8Array {
  if (size === 0) return new Uint8Array()
  return createHash('shake256', { outputLength: size }).update(`seed ${seed}`).digest()
}
