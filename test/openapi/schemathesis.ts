/** schemathesis, as a process of its own; found in `.ci/schemathesis` or on the PATH. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export function findSchemathesis(): string | undefined {
  const places = [
    join(import.meta.dirname, '../../.ci/schemathesis/bin'),
    ...(process.env.PATH ?? '').split(delimiter),
  ]
  return places.map((place) => join(place, 'st')).find((file) => existsSync(file))
}

export interface Drive {
  /** Where it may leave files. */
  folder: string
  /** The file with the document. */
  document: string
  url: string
  token: string
  /** `positive`: requests as the document has them. `negative`: with something wrong. */
  mode: 'positive' | 'negative'
  operations: string[]
}

/** Always the same requests. */
const seed = '1'
/** Beside those at the edges of each schema, so many random ones for each operation. */
const examples = '10'

/** What it found wrong, with the requests that show it; undefined for nothing. */
export async function drive(program: string, given: Drive): Promise<string | undefined> {
  const { folder, document, url, token, mode, operations } = given
  const args = ['run', document, '--url', url, '--mode', mode, '--seed', seed]
  args.push('--header', `Authorization: Bearer ${token}`, '--max-examples', examples)
  args.push('--checks', 'all', '--continue-on-failure', '--no-color', '--request-timeout', '10')
  for (const operation of operations) args.push('--include-operation-id', operation)
  const env = { ...process.env, SCHEMATHESIS_HOOKS: 'hooks', PYTHONPATH: import.meta.dirname }
  return await new Promise((resolve) => {
    execFile(program, args, { cwd: folder, env, timeout: 90_000 }, (error, stdout, stderr) => {
      resolve(error ? `${mode}: ${error.code ?? error.signal}\n${stdout}${stderr}` : undefined)
    })
  })
}
