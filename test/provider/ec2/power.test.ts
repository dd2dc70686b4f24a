/** How a machine powers itself off, also when that fails or nobody does it. */
import { expect, it } from 'vitest'
import {
  powerOffAt,
  powerOffForSure,
  shutdownTimer,
} from '../../../src/provider/ec2/instance/power.ts'

const minute = 60_000
const refuse = (error: unknown) => {
  throw error
}

it('is put off at the first sign, then every five minutes, and never called off', async () => {
  const orders: string[] = []
  let now = 0
  let marks = 0
  const putOff = shutdownTimer(refuse, {
    run: async (...command) => void orders.push(command.flat().join(' ')),
    now: () => now,
    mark: () => {
      marks += 1
    },
  })
  for (now = 0; now < 11 * minute; now += 10_000) putOff(10 * minute)
  await new Promise(setImmediate)
  expect(orders).toEqual(Array.from({ length: 3 }, () => 'shutdown -P +30'))
  expect(marks).toBe(3)
  // Longer than a worker may be without its nodes.
  putOff(2 * 60 * minute)
  now += 5 * minute
  putOff(2 * 60 * minute)
  expect(orders.at(-1)).toBe('shutdown -P +130')
})

it('is put off again at once if the system refused', async () => {
  const errors: unknown[] = []
  let asked = 0
  const putOff = shutdownTimer((error) => errors.push(error), {
    run: async () => {
      asked += 1
      throw new Error('no bus')
    },
    now: () => 0,
    mark() {},
  })
  putOff(0)
  await new Promise(setImmediate)
  putOff(0)
  expect([asked, errors.length]).toEqual([2, 1])
})

it('tries harder and harder until the system goes down', async () => {
  const down = new AbortController()
  const tried: string[] = []
  await powerOffForSure(down.signal, {
    run: async (command, args) => {
      tried.push([command, ...args].join(' '))
      if (command === 'shutdown') throw new Error('Failed to connect to bus')
    },
    sysrq(letter) {
      tried.push(`sysrq ${letter}`)
      if (tried.length > 5) down.abort()
    },
    waitMs: 1,
  })
  const once = ['shutdown -P now', 'systemctl poweroff --force --force', 'sysrq o']
  expect(tried).toEqual([...once, ...once])
})

it('does nothing if the system is on its way down already', async () => {
  const tried: string[] = []
  const run = async (command: string) => void tried.push(command)
  await powerOffForSure(AbortSignal.abort(), { run })
  expect(tried).toEqual([])
})

it.each([
  { endsAt: undefined, isOver: false },
  { endsAt: Date.now() + minute, isOver: false },
  { endsAt: Date.now() - 1, isOver: true },
  // As JSON has it, from a file that somebody has edited.
  { endsAt: 'soon' as unknown as number, isOver: true },
  { endsAt: Number.NaN, isOver: true },
])('a machine with the end $endsAt powers off: $isOver', async ({ endsAt, isOver }) => {
  const stop = new AbortController()
  let offs = 0
  const off = async () => {
    offs += 1
  }
  const limit = () => {
    stop.abort()
    return endsAt
  }
  await powerOffAt(limit, stop.signal, off)
  expect(offs > 0).toBe(isOver)
})
