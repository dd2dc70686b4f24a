/** What only some commands need is loaded by those: the AWS SDK, and what asks questions. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { clusterState } from '../../src/state/cluster-state.ts'
import { bin, ourPath, runTm } from './tm.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tm-lazy-'))
  clusterState(folder, 'here').create()
  writeFileSync(
    join(folder, 'hook.mjs'),
    `import { appendFileSync } from 'node:fs'
     import { registerHooks } from 'node:module'
     registerHooks({
       load(url, context, next) {
         appendFileSync(process.env.LOADED, url + '\\n')
         return next(url, context)
       },
     })`,
  )
})
afterAll(() => rmSync(folder, { recursive: true }))

const id = '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10'

async function loadedBy(args: string[]): Promise<string[]> {
  const list = join(folder, `loaded-${args.join('-').replace(/\W/g, '_')}`)
  const command = [process.execPath, '--import', join(folder, 'hook.mjs'), bin]
  const env = {
    ...{ PATH: ourPath, LOADED: list, TM_DATA_DIR: folder },
    ...{ AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' },
  }
  await runTm(args, { command, env })
  return readFileSync(list, 'utf8').split('\n')
}

const sdk = (urls: string[]) => urls.filter((url) => /\/(@aws-sdk|@smithy)\//.test(url))

it.each([
  ['--help'],
  ['up --help'],
  ['up --local --nodes 0'],
  ['up --local --dry-run'],
  ['down --cluster here'],
  ['allow-ip --cidr x'],
  ['enqueue --iterations 1 /dev/null'],
  ['health'],
  ['pull'],
  [`status ${id}`],
  ['token'],
  [`wait ${id}`],
  ['node serve --id x --lease 0s'],
])('tm %s does without it', async (line) => {
  const loaded = await loadedBy(line.split(' '))
  expect(loaded.some((url) => url.includes('/@oclif/core/'))).toBe(true)
  expect(sdk(loaded)).toEqual([])
  expect(loaded.filter((url) => url.includes('/@inquirer/'))).toEqual([])
})

it.each([['up'], ['down'], ['list'], ['allow-ip']])('tm %s loads it', async (line) => {
  expect(sdk(await loadedBy([line])).length).toBeGreaterThan(20)
})
