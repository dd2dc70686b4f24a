/** What a node remembers of commands that run. */
import { expect, it } from 'vitest'
import { createLastLines } from '../../src/node/last-lines.ts'

const renewal = (id: string, attempt: number, line?: string) => ({
  id,
  attempt,
  beganAt: 5,
  ...(line === undefined ? {} : { line }),
})

it('is what the holder of the lease said last of this attempt', () => {
  const lines = createLastLines({ now: () => 0, keepMs: () => 100 })
  lines.note(
    [renewal('a', 1, 'one'), renewal('b', 1), { id: 'c', attempt: 1 }],
    ['done', 'done', 'done'],
  )
  expect(lines.of('a', 1)).toEqual({ beganAt: 5, line: 'one' })
  expect(lines.of('b', 1)).toEqual({ beganAt: 5, line: '' })
  expect(lines.of('c', 1)).toBeUndefined()
  lines.note([renewal('a', 1, 'two'), renewal('b', 1, 'not mine')], ['done', 'foreign'])
  expect(lines.of('a', 1)?.line).toBe('two')
  expect(lines.of('b', 1)?.line).toBe('')
  expect(lines.of('a', 2)).toBeUndefined()
})

it('is forgotten when nobody speaks of it any more', () => {
  let now = 0
  const lines = createLastLines({ now: () => now, keepMs: () => 100 })
  lines.note([renewal('a', 1), renewal('b', 1)], ['done', 'done'])
  now = 60
  lines.note([renewal('a', 1, 'still')], ['done'])
  now = 120
  lines.note([], [])
  expect(lines.of('b', 1)).toBeUndefined()
  expect(lines.of('a', 1)?.line).toBe('still')
  expect(lines.size()).toBe(1)
})
