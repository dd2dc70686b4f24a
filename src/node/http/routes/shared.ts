/** Takes the shared files of jobs, part by part, and hands them out to workers. */
import * as contract from '../../../api/contract/shared.ts'
import { sharedPartBytes } from '../../../kinds/command/shared.ts'
import { readBody } from '../body.ts'
import { guarded, routeSet } from '../guard.ts'
import type { NodeContext } from '../node-context.ts'

export function sharedRoutes({ shared }: NodeContext) {
  return routeSet()
    .openapi(guarded(contract.openShared), async (c) => {
      const { sha256 } = c.req.valid('param')
      return c.json({ missing: await shared.open({ sha256, ...c.req.valid('json') }) }, 200)
    })
    .openapi(guarded(contract.writeShared), async (c) => {
      const { sha256, part } = c.req.valid('param')
      await shared.write(sha256, part, await readBody(c, sharedPartBytes))
      return c.json({}, 200)
    })
    .openapi(guarded(contract.readShared), async (c) => {
      const { sha256, part } = c.req.valid('param')
      const bytes = await shared.read(sha256, part)
      return c.body(bytes, 200, { 'content-type': 'application/octet-stream' })
    })
}
