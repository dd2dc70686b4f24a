/** Computes what a result has to be without any code of ours: node:crypto, one call an iteration. */
import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

export async function expectedResult(file: string, iterations: number): Promise<string> {
  let digest = hash('sha512', await readFile(file), 'buffer')
  for (let i = 1; i < iterations; i += 1) digest = hash('sha512', digest, 'buffer')
  return digest.toString('hex')
}
