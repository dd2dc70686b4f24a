/**
 * A `credential_process` that never ends, as one that asks in a window nobody sees: real commands end
 * all the same, with what they know, and hold no pipe open.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { bin, ourPath, runTm } from '../../bin/tm.ts'
import { type Laptop, openLaptop } from './laptop.ts'

let laptop: Laptop
let folder: string
beforeEach(async () => {
  laptop = await openLaptop()
  folder = mkdtempSync(join(tmpdir(), 'tm-hung-'))
})
afterEach(async () => {
  for (const pid of programs()) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
  await laptop.close()
  rmSync(folder, { recursive: true })
})

/** The programs that were started: each notes its process. */
const programs = () => {
  const file = join(folder, 'pids')
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : []
}

/** The default profile hangs; `good` has the account. */
function env(): Record<string, string> {
  const { url, operator } = laptop.standin
  const program = `sh -c 'echo $$ >> ${join(folder, 'pids')}; exec sleep 100000'`
  const keys = `aws_access_key_id = ${operator.accessKeyId}\naws_secret_access_key = ${operator.secretAccessKey}\n`
  const config = `[default]\ncredential_process = ${program}\n[profile good]\nregion = us-east-1\n${keys}`
  writeFileSync(join(folder, 'config'), config)
  return {
    ...{ PATH: ourPath, HOME: folder, TM_DATA_DIR: laptop.dataDir, AWS_REGION: 'us-east-1' },
    ...{ AWS_ENDPOINT_URL: url, AWS_CONFIG_FILE: join(folder, 'config') },
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}

it('tm list shows what other profiles have, says what is missing, and ends', async () => {
  await laptop.up({ nodes: 1, profile: 'good' })
  const { stdout, stderr, exitCode, signal } = await runTm(['list'], { env: env() })
  expect(stdout).toMatch(/^default\tus-east-1\t1\t0\t/)
  expect(stderr).toContain('EC2 in us-east-1 is left out: no answer from AWS in 15 s\n')
  expect({ exitCode, signal }).toEqual({ exitCode: 1, signal: null })
  expect(programs()).toHaveLength(1)
}, 60_000)

it('tm list of another profile does not even start it', async () => {
  await laptop.up({ nodes: 1, profile: 'good' })
  const { stdout, stderr, exitCode } = await runTm(['list', '--profile', 'good'], { env: env() })
  expect(stdout).toMatch(/^default\tus-east-1\t1\t0\t/)
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  expect(programs()).toEqual([])
}, 60_000)

it.each([['list'], ['down', '--yes'], ['up', '--yes', '--allow-cidr', '203.0.113.7']])(
  'tm %s ends at once by Ctrl-C',
  async (...args) => {
    const child = spawn(process.execPath, [bin, ...args], { env: env(), stdio: 'pipe' })
    const closed = once(child, 'close')
    child.stdout.resume()
    child.stderr.resume()
    while (programs().length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    const began = performance.now()
    child.kill('SIGINT')
    expect(await closed).toEqual([null, 'SIGINT'])
    // Not the 15 s of list, nor the minute of a call; a loaded machine needs its time.
    expect(performance.now() - began).toBeLessThan(10_000)
  },
  60_000,
)
