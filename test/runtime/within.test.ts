/** Work that may never end by itself, and its end. */
import { expect, it } from 'vitest'
import { within } from '../../src/runtime/within.ts'

const never = () => new Promise<never>(() => {})
const late = () => new Error('late')

it('gives the result of work that ends in time, and its error', async () => {
  expect(await within({ ms: 60_000, late }, async () => 7)).toBe(7)
  const fails = within({ ms: 60_000, late }, async () => {
    throw new Error('mine')
  })
  await expect(fails).rejects.toThrow('mine')
})

it('ends when the time is over, whether the work listens or not', async () => {
  await expect(within({ ms: 10, late }, never)).rejects.toThrow('late')
  let reason: unknown
  const listens = (stop: AbortSignal) =>
    new Promise((_, reject) => {
      stop.addEventListener('abort', () => {
        reason = stop.reason
        reject(new Error('stopped'))
      })
    })
  await expect(within({ ms: 10, late, graceMs: 60_000 }, listens)).rejects.toThrow('late')
  expect(reason).toMatchObject({ message: 'late' })
})

it('ends at the signal, with its reason', async () => {
  const stop = new AbortController()
  const limits = { ms: Number.POSITIVE_INFINITY, late, signal: stop.signal }
  const running = within(limits, never)
  stop.abort(new Error('Ctrl-C'))
  await expect(running).rejects.toThrow('Ctrl-C')
  await expect(within(limits, async () => 7)).rejects.toThrow('Ctrl-C')
})
