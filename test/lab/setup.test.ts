/**
 * Workers that set their machines up, from `tm up --setup` to `tm down`: a setup that works, one that
 * is broken, and its mending.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Lab, openLab } from './lab.ts'
import { skipReason } from './needs.ts'
import { client, expectDone, health, upArgs, workers } from './operator.ts'
import { until } from './until.ts'

let lab: Lab
let inputs: string[]
let lastWorker = ''

const up = (...more: string[]) =>
  lab.tm(...upArgs, '--nodes', '1', '--max-workers', '1', '--idle-timeout', '60s', ...more)

beforeAll(async () => {
  if (skipReason) return
  lab = await openLab()
  mkdirSync(join(lab.folder, 'in'))
  inputs = ['a', 'b', 'c'].map((name) => join(lab.folder, 'in', name))
  for (const file of inputs) writeFileSync(file, `${file} is quiet`)
})
beforeEach((context) => {
  if (skipReason) context.skip(skipReason)
})
afterAll(async () => await lab?.close())

function script(name: string, text: string): string {
  const file = join(lab.folder, name)
  writeFileSync(file, text)
  return file
}

/** Installs `shout`, which says `how` loud. */
const installer = (how: string) => `echo "making shout ${how}"
cat > /usr/local/bin/shout <<'END'
#!/bin/bash
tr a-z A-Z < "$1"; printf '${how}'
END
chmod 755 /usr/local/bin/shout
`

const shouting = (to: string) => ['run', 'shout {in}', ...inputs, '--stdout', '{name}', '--to', to]

function expectShouted(to: string, how: string): void {
  for (const file of inputs) {
    const shouted = readFileSync(join(to, file.split('/').at(-1) ?? ''), 'utf8')
    expect(shouted).toBe(`${file.toUpperCase()} IS QUIET${how}`)
  }
}

it('shows what workers will do, refuses what is none, and creates nothing for it', async () => {
  const file = script('good.sh', installer('!'))
  const plan = await up('--dry-run', '--setup', file, '--packages', 'tar,gzip')
  expectDone(plan)
  expect(plan.stdout).toContain(
    'Each worker first sets itself up, as root, in at most 15m, and is charged meanwhile: packages tar, gzip; a script of 6 lines.',
  )
  const wrong = await up('--dry-run', '--setup', '/no/such/file', '--packages', '--nogpgcheck')
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toMatch(/--setup can't read its file: ENOENT/)
  expect(wrong.stderr).toMatch(/--packages must be names such as gdal,jq, not "--nogpgcheck"/)
  expect(lab.machines()).toHaveLength(0)
})

it('runs commands that only its setup has brought', async () => {
  expectDone(await up('--setup', join(lab.folder, 'good.sh'), '--packages', 'tar,gzip'))
  const to = join(lab.folder, 'first')
  expectDone(await lab.tm(...shouting(to)))
  expectShouted(to, '!')
  lastWorker = workers(lab)[0]?.tags['tm:id'] ?? ''
  const logs = await lab.tm('logs', lastWorker)
  expectDone(logs)
  expect(logs.stdout).toContain('setup: Complete!')
  expect(logs.stdout).toContain('setup: making shout !')
})

it('says how a program that is missing gets there', async () => {
  const run = await lab.tm('run', 'whisper {in}', inputs[0] ?? '')
  expect(run.code).toBe(1)
  expect(run.stderr).toMatch(/The workers do not have a program: exit 127: .*whisper.* not found/)
  expect(run.stderr).toContain('tm up --packages NAMES')
})

it('runs commands as users that can read nothing of the worker', async () => {
  const line = `id -u > {out}; for f in /var/lib/tm/token /opt/tm/tm.mjs /etc/tm/machine.json; do
    cat $f > /dev/null 2>&1 && echo "reads $f" >> {out}; done; ls /var/lib/tm/work >> {out} || true`
  const to = join(lab.folder, 'who')
  expectDone(await lab.tm('run', line, '--times', '2', '--out', 'user-{n}', '--to', to))
  const users = [1, 2].map((n) => readFileSync(join(to, `user-${n}`), 'utf8'))
  for (const user of users) expect(user).toMatch(/^7\d{4}\n$/)
  expect(new Set(users).size).toBe(2)
  const { nodes } = await health(lab)
  expect(nodes[0]?.workers?.[0]?.ownUsers).toBe(true)
})

it('replaces workers when the setup changes; one that fails is explained, and tried twice', async () => {
  const before = lab.standin.calls.filter(({ action }) => action === 'RunInstances').length
  const broken = script('broken.sh', 'seq 30; echo "no such mirror" >&2; exit 7\n')
  expectDone(await up('--setup', broken))
  await until(() => !workers(lab).some(({ tags }) => tags['tm:id'] === lastWorker), 'it goes')
  const run = await lab.tm(...shouting(join(lab.folder, 'second')), '--detach')
  expectDone(run)
  const isOver = async () => {
    const { scaling } = await client(lab, 'node-1').getState()
    return scaling.reason.startsWith(
      'no worker is launched: setup failed: the script: exit 7 after',
    )
  }
  await until(isOver, 'it stops launching')
  await until(() => workers(lab).length === 0, 'both machines are gone')
  const { nodes } = await health(lab)
  expect(nodes[0]?.failedSetup?.lines).toHaveLength(20)
  const said = await lab.tm('health')
  expect(said.code).toBe(1)
  expect(said.stdout).toMatch(/problem .*can't launch workers: setup failed: the script: exit 7/)
  expect(said.stdout).toContain('    no such mirror\n')
  expect(said.stdout).toContain('→ Change it: tm up --setup FILE; try the same again: tm up')
  const after = lab.standin.calls.filter(({ action }) => action === 'RunInstances').length
  expect(after - before).toBe(2)
  const logs = await lab.tm('logs', nodes[0]?.failedSetup?.worker ?? '')
  expectDone(logs)
  expect(logs.stdout).toContain('no such mirror')
})

it('goes on when the setup is mended', async () => {
  expectDone(await up('--setup', script('mended.sh', installer('?'))))
  expectDone(await lab.tm('wait', 'last'))
  const to = join(lab.folder, 'second')
  expectDone(await lab.tm('pull', 'last', '--to', to))
  expectShouted(to, '?')
  expect((await lab.tm('health')).code).toBe(0)
})

it('goes down, and nothing is left', async () => {
  expectDone(await lab.tm('down', '--yes'))
  expect(await lab.leftovers()).toEqual([])
})
