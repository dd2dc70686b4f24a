/** Runs attempts of commands, by a real spawner, in folders of a test. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Job } from '../../../../src/kinds/command/job.ts'
import { readResult } from '../../../../src/kinds/command/result.ts'
import { runAttempt } from '../../../../src/worker/runners/command/attempt.ts'
import {
  type AttemptFolder,
  createAttemptFolders,
} from '../../../../src/worker/runners/command/attempt-folders.ts'
import { startSpawner } from '../../../../src/worker/runners/command/spawner-process.ts'
import type { Users } from '../../../../src/worker/runners/command/users.ts'

const simple: Job = {
  run: { script: 'true' },
  input: 'none',
  env: {},
  outputs: [],
  okExit: [0],
  retries: 0,
  grace: 200,
  maxOutput: 1024 ** 2,
}

export interface Given {
  body?: string
  values?: Record<string, string>
  failures?: number
  signal?: AbortSignal
  partBytes?: number
  share?: (place: AttemptFolder) => Promise<void>
  gpus?: number[]
}

/** With `users`, each command is one of them; with `controlGroup`, each has a group of its own in that. */
export function openAttempts(users?: Users, controlGroup?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'tm-attempts-'))
  const spawner = startSpawner(controlGroup)
  const folders = createAttemptFolders(join(folder, 'work'), users)
  let last = 0
  const lastId = () => `01997a5e-4b7e-7cc2-8f6a-${String(last).padStart(12, '0')}`

  async function run(script: string, changes: Partial<Job> = {}, given: Given = {}) {
    const { body = '', values = {}, failures, partBytes = 1024 } = given
    last += 1
    const parts: Uint8Array[] = []
    const id = lastId()
    const whole = await runAttempt({
      job: { ...simple, run: { script }, ...changes },
      lease: {
        id,
        attempt: 1,
        kind: 'command',
        cost: 1,
        spec: { n: 1, values },
        body: new TextEncoder().encode(body),
        ...(failures === undefined ? {} : { failures }),
      },
      spawner,
      folders,
      clusterTag: '',
      environment: { PATH: process.env.PATH ?? '', HOME: '/nowhere', LANG: 'C.UTF-8' },
      signal: given.signal ?? new AbortController().signal,
      partBytes,
      gpus: given.gpus ?? [],
      mostMemory: () => 512 * 1024 ** 2,
      ...(given.share ? { share: given.share } : {}),
      send: async (part, bytes) => {
        parts[part] = bytes
      },
    })
    const { attempt, ...outcome } = { attempt: undefined, ...whole }
    const result = outcome.kind === 'succeeded' ? readResult(outcome.result) : undefined
    if (whole.kind === 'succeeded' && whole.outputs) parts.push(whole.outputs)
    const text = Buffer.concat(parts).toString()
    return { outcome, attempt, result, text, id, parts }
  }

  return {
    /** That of the worker: it holds the one of the attempts. */
    folder,
    spawner,
    run,
    /** The id of the task that was run last. */
    lastId,
    /** Returns the folders of attempts that are left. */
    async close(): Promise<string[]> {
      await spawner.close()
      await folders.close()
      const left = readdirSync(join(folder, 'work'))
      rmSync(folder, { recursive: true })
      return left
    },
  }
}
