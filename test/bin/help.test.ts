/** Help: complete, quick, and without loading what commands need. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bin, ourPath, root, runTm } from './tm.ts'

interface Manifest {
  commands: Record<string, { id: string; hidden?: boolean; flags: Record<string, Flag> }>
}
interface Flag {
  description?: string
  hidden?: boolean
}

const manifest: Manifest = JSON.parse(readFileSync(`${root}/oclif.manifest.json`, 'utf8'))
const commands = Object.values(manifest.commands).filter(({ hidden }) => !hidden)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tm-help-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('the help', () => {
  it('lists all commands of the design', () => {
    expect(commands.map(({ id }) => id).sort()).toEqual(
      [
        ...['allow-ip', 'backup', 'cancel', 'completion', 'demo', 'down', 'enqueue', 'explain'],
        ...[
          'health',
          'help',
          'job',
          'joblog',
          'jobs',
          'list',
          'logs',
          'node:serve',
          'policy',
          'pull',
          'retry',
        ],
        ...['rotate-tokens', 'run', 'status', 'token', 'up', 'wait', 'worker:run'],
      ].sort(),
    )
  })

  it('has the commands in one order, however the build found their files', () => {
    const ids = Object.keys(manifest.commands)
    expect(ids).toEqual([...ids].sort())
  })

  // `tm help --help` shows the list of all commands.
  it.each(commands.map(({ id }) => id.replace(':', ' ')).filter((id) => id !== 'help'))(
    'of %s has all that help is for',
    async (id) => {
      const { stdout, stderr, exitCode } = await runTm([...id.split(' '), '--help'])
      expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
      const sections = stdout.split(/^(?=[A-Z][A-Z ]+$)/m)
      const [summary = '', ...rest] = sections
      const section = (title: string) => rest.find((text) => text.startsWith(`${title}\n`)) ?? ''
      expect(summary).toMatch(/^[A-Z].*\.\n/)
      expect(section('USAGE')).toContain(`$ tm ${id}`)
      expect(section('DESCRIPTION').split('\n').length).toBeGreaterThan(3)
      expect(section('EXAMPLES')).toContain(`tm ${id.split(' ')[0]}`)
      expect(section('GLOBAL FLAGS')).toContain('--cluster=<value>')
    },
  )

  it.each(['up', 'node serve'])('of %s is shown by tm help, too', async (id) => {
    const asked = await runTm(['help', ...id.split(' ')])
    const flagged = await runTm([...id.split(' '), '--help'])
    expect(asked).toMatchObject({ stdout: flagged.stdout, stderr: '', exitCode: 0 })
  })

  it('without a command is the list of all, and names what is none', async () => {
    expect((await runTm(['help'])).stdout).toBe((await runTm(['--help'])).stdout)
    expect(await runTm(['help', 'enq'])).toMatchObject({
      stdout: '',
      stderr: `Error: There is no command enq
  → Did you mean tm enqueue?
  → See all commands: tm --help
`,
      exitCode: 2,
    })
  })

  it('describes every flag', () => {
    for (const { id, flags } of commands) {
      for (const [name, { description, hidden }] of Object.entries(flags)) {
        if (!hidden) expect(description, `${id} --${name}`).toBeTruthy()
      }
    }
  })

  it('fits into 80 columns, without a line that ends in its middle', async () => {
    const { stdout } = await runTm(['node', 'serve', '--help'])
    const [, description = ''] = stdout.split('DESCRIPTION\n')
    const text = description.split('EXAMPLES')[0]?.trimEnd().split('\n') ?? []
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80)
    // Only the last line of a paragraph may be short.
    const [, , ...paragraph] = text
    for (const line of paragraph.slice(0, -1)) expect(line.length).toBeGreaterThan(60)
  })
})

describe('speed', () => {
  // By the processor's clock, not the wall's: other tests run beside this one.
  it.each(['--help', '--version'])(
    'of %s is under 300 ms of work, the median of five',
    async (flag) => {
      const report = join(folder, `cpu${flag}`)
      const hook = join(folder, 'cpu.mjs')
      writeFileSync(
        hook,
        `import { appendFileSync } from 'node:fs'
       process.on('exit', () => {
         const { user, system } = process.cpuUsage()
         appendFileSync(process.env.REPORT, (user + system) / 1000 + '\\n')
       })`,
      )
      const command = [process.execPath, '--import', hook, bin]
      for (let n = 0; n < 5; n += 1) {
        await runTm([flag], { command, env: { PATH: ourPath, REPORT: report } })
      }
      const times = readFileSync(report, 'utf8').trim().split('\n').map(Number)
      expect(times).toHaveLength(5)
      const median = times.sort((a, b) => a - b)[2] as number
      console.log(
        `tm ${flag}: ${Math.round(median)} ms of work (${times.map(Math.round).join(', ')})`,
      )
      expect(median).toBeLessThan(300)
    },
  )

  it.each(['--help', '--version'])(
    'is why %s loads nothing that only commands need',
    async (flag) => {
      const list = join(folder, `loaded${flag}`)
      const hook = join(folder, 'hook.mjs')
      writeFileSync(
        hook,
        `import { appendFileSync } from 'node:fs'
       import { registerHooks } from 'node:module'
       registerHooks({
         load(url, context, next) {
           appendFileSync(process.env.LOADED, url + '\\n')
           return next(url, context)
         },
       })`,
      )
      const command = [process.execPath, '--import', hook, bin]
      const env = { PATH: ourPath, LOADED: list }
      expect((await runTm([flag], { command, env })).exitCode).toBe(0)
      const loaded = readFileSync(list, 'utf8').split('\n')
      // That the hook sees modules of both kinds, or it would find nothing in any case.
      expect(loaded.some((url) => url.endsWith('/bin/run.js'))).toBe(true)
      expect(loaded.some((url) => url.includes('/@oclif/core/'))).toBe(true)
      const heavy = /node_modules\/(hono|@hono|zod|ora|pino|chalk|uuid|prom-client|@inquirer)\//
      const ours = pathToFileURL(`${root}/dist/`).href
      const light = /^(cli\/(ending|output\/terminal)|core|runtime)\b/
      const isHeavy = (url: string) =>
        heavy.test(url) || (url.startsWith(ours) && !light.test(url.slice(ours.length)))
      expect(loaded.filter(isHeavy)).toEqual([])
      expect(loaded.filter((url) => url === 'node:sqlite')).toEqual([])
    },
  )
})
