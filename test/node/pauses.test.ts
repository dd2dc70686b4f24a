/** A node that has paused a job tells the others. */
import { expect, it } from 'vitest'
import { createPauses } from '../../src/node/pauses.ts'
import type { SiblingClient } from '../../src/node/siblings.ts'

it('tells every sibling once, also if one of them is away', async () => {
  let news = [{ id: 'a', reason: 'x' }]
  const told: unknown[] = []
  const sibling = (id: string, pauseJob: SiblingClient['pauseJob']) => ({
    id,
    url: id,
    client: { pauseJob } as SiblingClient,
  })
  const logged: string[] = []
  const pauses = createPauses({
    store: {
      async takePauses() {
        const taken = news
        news = []
        return taken
      },
    },
    siblings: {
      list: () => [
        sibling('node-2', async () => {
          throw new Error('away')
        }),
        sibling('node-3', async ({ params, json }) => {
          told.push([params.id, json.reason])
          return {}
        }),
      ],
    },
    onPaused: ({ id }) => logged.push(id),
  })
  await pauses.tick()
  await pauses.tick()
  expect([told, logged]).toEqual([[['a', 'x']], ['a']])
})
