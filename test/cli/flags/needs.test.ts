/** What `--cpus`, `--memory` and `--disk` ask for. */
import { expect, it } from 'vitest'
import { readNeeds } from '../../../src/cli/flags/needs.ts'

const gib = 1024 ** 3
const memory = (text: string) => readNeeds({ cpus: '1', memory: text })

it('one processor, unless something else is said', () => {
  expect(readNeeds({ cpus: '1' })).toEqual({ needs: { cpus: 1, memory: 0, disk: 0 } })
  const all = readNeeds({ cpus: '4', memory: '2GiB', disk: '10GiB' })
  expect(all).toEqual({ needs: { cpus: 4, memory: 2 * gib, disk: 10 * gib } })
})

it('GPUs', () => {
  expect(readNeeds({ cpus: '1', gpus: '2' }).needs).toMatchObject({ gpus: 2 })
  expect(() => readNeeds({ cpus: '1', gpus: '0' })).toThrow('--gpus must be')
})

it('memory that may grow', () => {
  const needs = { cpus: 1, memory: 2 * gib, disk: 0 }
  expect(memory('2GiB..16GiB')).toEqual({ needs, memoryUpTo: 16 * gib })
})

it.each(['16GiB..2GiB', '2GiB..2GiB', '0B..2GiB'])(
  'not from more to less, or nothing: %s',
  (text) => {
    expect(() => memory(text)).toThrow(`from less to more, such as 2GiB..16GiB, not ${text}`)
  },
)

it.each(['2GiB..', '..2GiB', '2GiB...4GiB', 'much'])('only sizes: %s', (text) => {
  expect(() => memory(text)).toThrow('--memory must be a size such as 64MiB or 1GiB')
})
