/** Shows the state of the node, and changes its settings, siblings and secret. */
import * as contract from '../../../api/contract/node.ts'
import { settingNames } from '../../../core/settings.ts'
import { guarded, routeSet } from '../guard.ts'
import { createMetrics } from '../metrics.ts'
import type { NodeContext } from '../node-context.ts'
import { describeNode } from '../node-state.ts'

export function nodeRoutes(context: NodeContext) {
  const { settings, siblings, queue, secrets, workers } = context
  const metrics = createMetrics(context)
  return routeSet()
    .openapi(guarded(contract.getState), async (c) => c.json(await describeNode(context), 200))
    .openapi(guarded(contract.getSettings), (c) => c.json(settings.get(), 200))
    .openapi(guarded(contract.changeSettings), async (c) => {
      const given = c.req.valid('json')
      const changes = settingNames.filter((name) => given[name] !== undefined)
      const picked = Object.fromEntries(changes.map((name) => [name, given[name]]))
      return c.json(await settings.change(picked), 200)
    })
    .openapi(guarded(contract.setSiblings), async (c) => {
      await siblings.set(c.req.valid('json').siblings)
      return c.json({}, 200)
    })
    .openapi(guarded(contract.drain), (c) => {
      queue.pause()
      return c.json({}, 200)
    })
    .openapi(guarded(contract.rotateSecret), async (c) => {
      const { under } = c.get('principal')
      await secrets.rotate({ ...c.req.valid('json'), askedUnder: under })
      return c.json({ waitingFor: secrets.waitingFor(workers.list().map(({ id }) => id)) }, 200)
    })
    .openapi(guarded(contract.getHealth), (c) => c.text('ok', 200))
    .openapi(guarded(contract.getMetrics), async (c) =>
      c.text(await metrics.render(), 200, { 'content-type': metrics.contentType }),
    )
}
