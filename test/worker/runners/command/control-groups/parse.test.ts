/** The files of control groups, as kernels write them. */
import { expect, it } from 'vitest'
import {
  cpuTimeOf,
  groupOf,
  numbersOf,
  pidsOf,
  weightOf,
  wordsOf,
} from '../../../../../src/worker/runners/command/control-groups/parse.ts'

it.each([
  ['a unit of systemd', '0::/system.slice/tm.service\n', '/system.slice/tm.service'],
  ['a container that sees its own group as the root', '0::/\n', '/'],
  ['both versions', '4:memory:/process_api/x\n1:name=systemd:/\n0::/init.scope\n', '/init.scope'],
  ['a name with a colon', '0::/a:b/c d\n', '/a:b/c d'],
  ['only version 1', '4:memory:/user.slice\n1:name=systemd:/user.slice\n', undefined],
  ['a group outside of the container', '0::/../../user.slice\n', undefined],
  ['no control groups', '', undefined],
])('the group of a process with %s', (_what, text, expected) => {
  expect(groupOf(text)).toBe(expected)
})

it('numbers by name', () => {
  const events = 'low 0\nhigh 0\nmax 17\noom 2\noom_kill 3\noom_group_kill 1\n'
  expect(numbersOf(events)).toMatchObject({ max: 17, oom_kill: 3, oom_group_kill: 1 })
  expect(numbersOf('')).toEqual({})
  expect(numbersOf('what is this\nmax x\n')).toEqual({})
})

it('processor time in milliseconds', () => {
  const stat = 'usage_usec 2500400\nuser_usec 1500600\nsystem_usec 999800\nnr_periods 0\n'
  expect(cpuTimeOf(stat)).toEqual({ userMs: 1501, systemMs: 1000 })
  expect(cpuTimeOf('')).toBeUndefined()
})

it('processes that can be seen, and controllers', () => {
  expect(pidsOf('12\n0\n345\n')).toEqual([12, 345])
  expect(pidsOf('')).toEqual([])
  expect(wordsOf('cpuset cpu io memory pids\n')).toContain('memory')
  expect(wordsOf('\n')).toEqual([])
})

it.each([
  [1, 100],
  [8, 800],
  [0.5, 50],
  [0, 1],
  [192, 10_000],
])('%d processors weigh %d', (cpus, weight) => {
  expect(weightOf(cpus)).toBe(weight)
})
