/** Which tasks of commands count as the same. */
import { describe, expect, it } from 'vitest'
import type { Job } from '../../../src/kinds/command/job.ts'
import { type Content, createKeys } from '../../../src/kinds/command/key.ts'
import type { SharedFile } from '../../../src/kinds/command/shared.ts'

const job: Job = {
  run: { script: 'wc "$TM_IN"' },
  input: 'file',
  env: { A: '1', B: '2' },
  outputs: [{ name: [{ value: 'stem' }, '.txt'] }],
  okExit: [0],
  retries: 0,
  grace: 1000,
  maxOutput: 1000,
}
const task = (values: Record<string, string> = { stem: 'a' }, body = 'x'): Content => ({
  values,
  body: new TextEncoder().encode(body),
})

const tool: SharedFile = { name: 'tool', kind: 'file', sha256: 'ab', size: 1, mode: 0o755 }
const model: SharedFile = { name: 'model', kind: 'file', sha256: 'ef', size: 1, mode: 0o644 }

const keyOf = (one: Job, content = task()) => createKeys(one).next(content)

describe('the key of a task', () => {
  it('is the same on every machine and in every version', () => {
    expect(keyOf(job)).toBe('f5e8bbbe1a68548236974dd755dd6ae1d0d19c7159b61d42af4769d2ff7a4815')
  })

  const others: [string, Partial<Job>][] = [
    ['another script', { run: { script: 'wc -l "$TM_IN"' } }],
    ['a program with the same text', { run: { argv: [['wc "$TM_IN"']] } }],
    ['the input elsewhere', { input: 'stdin' }],
    ['another variable', { env: { A: '1', B: '3' } }],
    ['one variable less', { env: { A: '1' } }],
    ['a shared file', { shared: [tool] }],
    ['other bytes in it', { shared: [{ ...tool, sha256: 'cd' }] }],
    ['another name for it', { shared: [{ ...tool, name: 'bin/tool' }] }],
    ['a shared file that is no program', { shared: [{ ...tool, mode: 0o644 }] }],
    ['another output', { outputs: [{ name: ['x'] }] }],
    ['an optional output', { outputs: [{ name: [{ value: 'stem' }, '.txt'], optional: true }] }],
    ['stdout kept', { stdout: ['log'] }],
    ['stderr kept under that name', { stderr: ['log'] }],
  ]
  it.each(others)('is another one with %s', (_, change) => {
    expect(keyOf({ ...job, ...change })).not.toBe(keyOf(job))
  })

  it('tells all of these apart, also from each other', () => {
    expect(new Set(others.map(([, change]) => keyOf({ ...job, ...change }))).size).toBe(
      others.length,
    )
  })

  it('depends on the values and the bytes of the input', () => {
    const contents = [
      task(),
      task({ stem: 'b' }),
      task({ stem: 'a', n: '1' }),
      task({}),
      task({ stem: 'a' }, 'y'),
      task({ stem: 'a' }, ''),
    ]
    expect(new Set(contents.map((one) => keyOf(job, one))).size).toBe(contents.length)
  })

  it('does not depend on limits and retries, or on the order of names', () => {
    const same: Partial<Job>[] = [
      { maxStdout: 1000 },
      { retries: 3, retryOn: ['exit'] },
      { timeout: 5, grace: 1, maxOutput: 1 },
      { okExit: [0, 1] },
      { env: { B: '2', A: '1' } },
    ]
    for (const change of same) expect(keyOf({ ...job, ...change })).toBe(keyOf(job))
    const shared = (...files: SharedFile[]) => keyOf({ ...job, shared: files })
    expect(shared(tool, model)).toBe(shared(model, { ...tool, mode: 0o775, size: 1 }))
    expect(keyOf(job, task({ a: '1', b: '2' }))).toBe(keyOf(job, task({ b: '2', a: '1' })))
  })
})

describe('equal tasks of one job', () => {
  const keysOf = (count: number, taken?: Set<string>) => {
    const keys = createKeys(job, taken)
    return Array.from({ length: count }, () => keys.next(task()))
  }

  it('have keys of their own, which are the same the next time', () => {
    const three = keysOf(3)
    expect(new Set(three).size).toBe(3)
    expect(keysOf(5).slice(0, 3)).toEqual(three)
  })

  it('get the keys that are left, if an earlier job has some', () => {
    const five = keysOf(5)
    const taken = new Set([0, 2, 3].map((at) => five[at] as string))
    expect(keysOf(2, taken)).toEqual([five[1], five[4]])
  })
})
