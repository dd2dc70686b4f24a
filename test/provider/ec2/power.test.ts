/** How a machine powers itself off, also when that fails or nobody does it. */
import { expect, it } from 'vitest'
import { powerOffAt, powerOffForSure } from '../../../src/provider/ec2/instance/power.ts'

const minute = 60_000

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

const soon = { endsAt: 'soon' as unknown as number, none: Number.NaN }
it.each([
  { what: 'no time', endsAt: undefined, afterMs: 0, isOver: false },
  { what: 'a time to come', endsAt: Date.now() + minute, afterMs: 0, isOver: false },
  { what: 'a time that is over', endsAt: Date.now() - 1, afterMs: 0, isOver: true },
  // As JSON has it, from a file that somebody has edited.
  { what: 'what is no time', endsAt: soon.endsAt, afterMs: 14 * minute, isOver: false },
  { what: 'what is no time', endsAt: soon.endsAt, afterMs: 15 * minute, isOver: true },
  { what: 'what is no number', endsAt: soon.none, afterMs: 15 * minute, isOver: true },
])('a machine that ends at $what powers off after $afterMs ms: $isOver', async (row) => {
  const stop = new AbortController()
  let offs = 0
  let looks = 0
  let now = 0
  const off = async () => {
    offs += 1
  }
  const limit = () => {
    if (looks > 0) stop.abort()
    looks += 1
    return row.endsAt
  }
  const steady = () => {
    const read = now
    now = row.afterMs
    return read
  }
  await powerOffAt(limit, stop.signal, { off, steady, everyMs: 1 })
  expect(offs > 0).toBe(row.isOver)
})
