/**
 * Slow: `tm` packed, installed globally from the tarball into a folder of its own, and used from
 * there. Dependencies come from npm's cache, or from the registry when they are not in it.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noOldNode, root, runTm, systemPath } from './tm.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'tm-install-'))
const prefix = join(folder, 'prefix')
const tm = join(prefix, 'bin', 'tm')
const node24 = {
  PATH: `${dirname(process.execPath)}:${systemPath}`,
  TM_DATA_DIR: join(folder, 'data'),
}

/** Why there is nothing to test, if npm could not get at the dependencies. */
let offline: string | undefined

beforeAll(async () => {
  const env = { ...process.env, PATH: node24.PATH }
  // The build is there already, and others use it while this runs: no scripts.
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root, env })
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) as string
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
  const args = ['install', '--global', '--prefix', prefix, ...quiet, join(folder, tarball)]
  try {
    await run('npm', args, { cwd: folder, env })
  } catch (error) {
    const text = String((error as { stderr?: string }).stderr ?? error)
    const network = /E(NOTCACHED|NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT)|network/
    if (!network.test(text)) throw error
    offline = text.split('\n')[0]
  }
}, 240_000)

afterAll(async () => {
  if (!offline) await runTm(['down', '--yes'], { command: [tm], env: node24 })
  rmSync(folder, { recursive: true })
})

describe('installed globally', () => {
  it('has what it takes to run, and nothing of the sources', async (context) => {
    if (offline) context.skip(`NOT TESTED: the dependencies can't be had: ${offline}`)
    const installed = join(prefix, 'lib/node_modules/tm')
    expect(readdirSync(installed).sort()).toEqual(
      expect.arrayContaining([
        'bin',
        'dist',
        'node_modules',
        'oclif.manifest.json',
        'package.json',
      ]),
    )
    const others = ['src', 'test', 'kernel', 'bench', '.ci']
    expect(readdirSync(installed).filter((name) => others.includes(name))).toEqual([])
  })

  it('says its version', async (context) => {
    if (offline) context.skip(`NOT TESTED: the dependencies can't be had: ${offline}`)
    const { stdout, stderr, exitCode } = await runTm(['--version'], { command: [tm], env: node24 })
    expect(stdout).toMatch(/^tm\/\d+\.\d+\.\d+ \S+ node-v\d+\.\d+\.\d+\n$/)
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  })

  it('says what to do where there is only an old Node', async (context) => {
    if (offline) context.skip(`NOT TESTED: the dependencies can't be had: ${offline}`)
    if (noOldNode) context.skip(`NOT TESTED: ${noOldNode}`)
    const { stdout, stderr, exitCode } = await runTm(['--version'], {
      command: [tm],
      env: { PATH: systemPath },
    })
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 })
    expect(stderr.replace(/this is [\d.]+\./, 'this is OLD.')).toBe(
      `Error: tm needs Node 24 or newer, this is OLD.
  → In a checkout: npm ci
  → Installed globally: npm install -g node@24, then a new shell
`,
    )
  })

  it('brings a cluster up, hands a result back, and takes it down', async (context) => {
    if (offline) context.skip(`NOT TESTED: the dependencies can't be had: ${offline}`)
    const options = { command: [tm], env: node24 }
    const up = await runTm(['up', '--local', '--nodes', '1', '--json'], options)
    expect(up.exitCode).toBe(0)
    expect(JSON.parse(up.stdout)).toMatchObject({ cluster: 'default', nodes: [{ id: 'node-1' }] })
    const argv = ['enqueue', '--iterations', '1', '--wait', '/dev/null']
    const { stdout, exitCode } = await runTm(argv, options)
    // SHA-512 of nothing, FIPS 180-4.
    expect(stdout).toMatch(/\t\/dev\/null\tsucceeded\tcf83e1357eefb8bd[0-9a-f]+927da3e\n$/)
    expect(exitCode).toBe(0)
    const down = await runTm(['down', '--json'], options)
    expect(down.exitCode).toBe(0)
    const { removed, remaining } = JSON.parse(down.stdout)
    expect(removed.map(({ kind }: { kind: string }) => kind).sort()).toEqual(['node', 'worker'])
    expect(remaining).toEqual([])
  })
})
