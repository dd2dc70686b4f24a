/** Work is a step only if it is slow. */
import { expect, it } from 'vitest'
import { stepIfSlow } from '../../../src/cli/output/step-if-slow.ts'
import { silentReporter } from '../../support/silent-reporter.ts'

function watched() {
  const shown: string[] = []
  const reporter = {
    ...silentReporter,
    step: async <T>(title: string, work: (note: (text: string) => void) => Promise<T>) => {
      shown.push(title)
      return await work((text) => shown.push(text))
    },
  }
  return { shown, reporter }
}

it('shows nothing of work that ends at once, well or not', async () => {
  const { shown, reporter } = watched()
  expect(await stepIfSlow(reporter, 'sending', async () => 7, 60_000)).toBe(7)
  const failing = stepIfSlow(reporter, 'sending', () => Promise.reject(new Error('no')), 60_000)
  await expect(failing).rejects.toThrow('no')
  expect(shown).toEqual([])
})

it('shows what takes longer, and its progress from then on', async () => {
  const { shown, reporter } = watched()
  const slow = Promise.withResolvers<void>()
  const step: typeof reporter.step = async (title, go) => {
    slow.resolve()
    return await reporter.step(title, go)
  }
  const work = stepIfSlow(
    { ...reporter, step },
    'sending',
    async (note) => {
      note('1 of 2')
      await slow.promise
      note('2 of 2')
      return 'done'
    },
    0,
  )
  expect(await work).toBe('done')
  expect(shown).toEqual(['sending', '2 of 2'])
})
