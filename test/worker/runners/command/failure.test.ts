/** How attempts of commands fail, in words, and what the next one gets. */
import { describe, expect, it } from 'vitest'
import {
  type Failure,
  failureOf,
  moreMemory,
} from '../../../../src/worker/runners/command/failure.ts'
import type { Ended } from '../../../../src/worker/runners/command/messages.ts'

const gib = 1024 ** 3
const needing = (memory: number) => ({ cpus: 1, memory, disk: 0 })
const killed: Ended = { ended: 1, signal: 'SIGKILL', beganAt: 0, took: 1, leftBehind: 0 }
const job = { okExit: [0], limits: { stdout: 1, stderr: 1 } }

describe('a command that the kernel has killed', () => {
  it('took too much memory, if its control group says so', () => {
    const what = 'it used all of its 2 GiB of memory'
    const ended = { ...killed, outOfMemory: 'own' as const }
    expect(failureOf(ended, { ...job, needs: needing(2 * gib) })).toEqual({
      reason: 'memory',
      what,
      way: 'try --memory 2GiB..8GiB',
    })
    const odd = failureOf(ended, { ...job, needs: needing(1.5 * gib) })
    expect(odd?.way).toBe('try --memory 1536MiB..6GiB')
    const alone = failureOf({ ...ended, outOfMemory: 'machine', peakMemory: 3 * gib }, job)
    expect(alone).toEqual({
      reason: 'memory',
      what: 'its machine had no more memory when it had 3 GiB',
      way: 'say what it needs with --memory',
    })
  })

  it('is not to blame if others took the memory that it said it needs', () => {
    const ended: Ended = { ...killed, outOfMemory: 'machine', peakMemory: gib }
    const failure = failureOf(ended, { ...job, needs: needing(2 * gib) })
    const what = 'its machine had no more memory when it had 1 GiB'
    expect(failure).toEqual({ reason: 'memory', what, isOfMachine: true })
    const wanted = { needs: needing(2 * gib), memoryUpTo: 16 * gib }
    expect(moreMemory(failure as Failure, wanted, 64 * gib)).toBeUndefined()
  })

  it('was ended by a signal otherwise', () => {
    const what = 'it was ended by SIGKILL'
    expect(failureOf(killed, { ...job, needs: needing(2 * gib) })).toEqual({
      reason: 'signal',
      what,
    })
  })
})

describe('the memory of the next attempt', () => {
  const failure: Failure = { reason: 'memory', what: '' }
  it.each([
    ['is twice as much', 2, 16, 64, 4],
    ['is no more than the job allows', 2, 3, 64, 3],
    ['is no more than a worker has', 2, 16, 3, 3],
    ['is the same if the job allows no more', 16, 16, 64, undefined],
    ['is the same if the worker has no more', 8, 16, 8, undefined],
  ])('%s', (_what, has, upTo, most, expected) => {
    const more = moreMemory(failure, { needs: needing(has), memoryUpTo: upTo }, most)
    expect(more).toBe(expected)
  })

  it('stays as it is after other failures, and without a bound', () => {
    const needs = { needs: needing(2) }
    expect(
      moreMemory({ reason: 'exit', what: '' }, { ...needs, memoryUpTo: 16 }, 64),
    ).toBeUndefined()
    expect(moreMemory(failure, needs, 64)).toBeUndefined()
  })
})
