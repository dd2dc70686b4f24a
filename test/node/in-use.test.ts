/** When a node is of use: an administrator asks, or it holds what nobody else has. */
import { expect, it } from 'vitest'
import { createInUse } from '../../src/node/in-use.ts'

const nothing = { queued: 0, running: 0, unpulled: 0 }

function watch(stats = { ...nothing }) {
  const signs: boolean[] = []
  let now = 0
  const inUse = createInUse({
    stats: async () => stats,
    now: () => now,
    onUse: (holds) => signs.push(holds),
  })
  return {
    signs,
    stats,
    asked: inUse.asked,
    async later(ms: number) {
      now += ms
      await inUse.tick()
    },
  }
}

it.each(['queued', 'running', 'unpulled'] as const)(
  'is, as long as something is %s',
  async (what) => {
    const node = watch({ ...nothing, [what]: 1 })
    for (let n = 0; n < 3; n += 1) await node.later(10_000)
    expect(node.signs).toEqual([true, true, true])
    node.stats[what] = 0
    await node.later(10_000)
    await node.later(10_000)
    // The last sign says that it holds nothing any more.
    expect(node.signs).toEqual([true, true, true, false])
  },
)

it('is when it starts, and whenever somebody asks', async () => {
  const node = watch()
  // Before it has looked, there may be something.
  node.asked()
  await node.later(0)
  await node.later(60_000)
  node.asked()
  expect(node.signs).toEqual([true, false, false])
})

it('is not for as long as while it held something, if it is asked just before it is seen to be empty', async () => {
  const node = watch({ ...nothing, unpulled: 1 })
  await node.later(10_000)
  node.stats.unpulled = 0
  node.asked()
  await node.later(10_000)
  expect(node.signs).toEqual([true, true, false])
})

it('is not, as long as its store does not answer', async () => {
  const signs: boolean[] = []
  const stats = async () => {
    throw new Error('the disk is gone')
  }
  const inUse = createInUse({ stats, now: () => 0, onUse: (holds) => signs.push(holds) })
  await expect(inUse.tick()).rejects.toThrow('the disk is gone')
  expect(signs).toEqual([])
})
