/** Ids of tasks that arrive one by one. */
import { validate, version } from 'uuid'
import { expect, it } from 'vitest'
import { createTaskIds } from '../../src/runtime/task-ids.ts'

it('each id is a UUIDv7 that is greater than the one before, whatever the clock does', () => {
  const times = [5, 5, 5, 9, 3, 9, 10].map((ms) => 1_700_000_000_000 + ms)
  const newId = createTaskIds(() => times.shift() ?? 1_700_000_000_011)
  const ids = Array.from({ length: 1000 }, newId)
  expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true)
  expect(ids).toEqual([...ids].sort())
  expect(new Set(ids).size).toBe(1000)
})

it('two generators never make the same id', () => {
  const now = () => 1_700_000_000_000
  const [one, other] = [createTaskIds(now), createTaskIds(now)]
  const ids = Array.from({ length: 1000 }, () => [one(), other()]).flat()
  expect(new Set(ids).size).toBe(2000)
})
