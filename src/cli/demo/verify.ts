/** Computes the expected result without tm's own code: one call of node:crypto per application. */
import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

export async function expectedResult(file: string, times: number): Promise<string> {
  let digest = hash('sha512', await readFile(file), 'buffer')
  for (let i = 1; i < times; i += 1) digest = hash('sha512', digest, 'buffer')
  return digest.toString('hex')
}
