/** Where a worker can't have control groups, it says why, and changes nothing. A real kernel says yes in `test/vm`. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { takeDelegated } from '../../../../../src/worker/runners/command/control-groups/delegated.ts'
import { groupOf } from '../../../../../src/worker/runners/command/control-groups/parse.ts'

const path = groupOf(
  process.platform === 'linux' ? readFileSync('/proc/self/cgroup', 'latin1') : '',
)
const why = path === undefined ? 'NOT TESTED: It needs Linux with control groups.' : undefined
if (why) console.error(`\n${why}\n`)

let mount: string
let group: string
beforeEach(() => {
  mount = mkdtempSync(join(tmpdir(), 'tm-groups-'))
  group = join(mount, path ?? '')
  mkdirSync(group, { recursive: true })
})
afterEach(() => rmSync(mount, { recursive: true }))

const take = (isOwnMachine = false) => takeDelegated({ isOwnMachine, mount, isRoot: false })

function write(files: Record<string, string>): void {
  writeFileSync(join(mount, 'cgroup.controllers'), '')
  for (const [name, text] of Object.entries(files)) writeFileSync(join(group, name), text)
}

const whole = {
  'cgroup.controllers': 'cpu memory pids\n',
  'cgroup.subtree_control': '',
  'cgroup.procs': `${process.pid}\n`,
}

it('a system with version 1, or with both, has none', () => {
  const said = `this system has no control groups of version 2 at ${mount}`
  expect(take()).toEqual({ why: said })
})

it.skipIf(why)('a group that nobody has given away is left alone', () => {
  write({ 'cgroup.controllers': 'memory\n' })
  expect(take()).toEqual({ why: `the control group ${path} belongs to somebody else` })
})

it.skipIf(why)('root, who may write everywhere, takes none but that of its container', () => {
  write(whole)
  const taken = takeDelegated({ isOwnMachine: false, mount, isRoot: true })
  if (path === '/') expect(taken).not.toMatchObject({ why: expect.stringContaining('root') })
  else expect(taken).toMatchObject({ why: expect.stringContaining('root can not see') })
})

it.skipIf(why)('one without the controller of memory is of no use', () => {
  write({ ...whole, 'cgroup.controllers': 'cpu pids\n' })
  expect(take()).toEqual({ why: `the control group ${path} does not control memory` })
})

it.skipIf(why)('strangers in the group stay where they are', () => {
  write({ ...whole, 'cgroup.procs': `${process.pid}\n1\n` })
  const before = readdirSync(group)
  expect(take()).toEqual({ why: `other processes are in the control group ${path}` })
  expect(readdirSync(group)).toEqual(before)
  expect(readFileSync(join(group, 'cgroup.subtree_control'), 'utf8')).toBe('')
})
