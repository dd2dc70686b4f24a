/** Installs the program, if it is the one that this machine may run. */
import { createHash } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { packedProgram, programFile } from './machine-config.ts'

/** Returns what is wrong with the program, if anything; in that case writes nothing. */
export async function installProgram(
  packed: Buffer,
  expected: string,
): Promise<string | undefined> {
  const hash = createHash('sha256').update(packed).digest('hex')
  if (hash !== expected) return `This machine runs program ${expected}, not ${hash}`
  await writeWhole(packedProgram, packed)
  await writeWhole(programFile, gunzipSync(packed))
  return undefined
}

/** Atomic, and readable by nobody else. */
export async function writeWhole(file: string, data: string | Buffer): Promise<void> {
  await writeFile(`${file}.new`, data, { mode: 0o600, flush: true })
  await rename(`${file}.new`, file)
}
