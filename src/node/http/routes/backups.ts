/** Backs up a node, and restores a backup. */
import * as contract from '../../../api/contract/backups.ts'
import { partBytes } from '../../backups.ts'
import { readBody } from '../body.ts'
import { guarded, routeSet } from '../guard.ts'
import type { NodeContext } from '../node-context.ts'

export function backupRoutes({ backups, restore }: NodeContext) {
  return routeSet()
    .openapi(guarded(contract.createBackup), async (c) => c.json(await backups.make(), 201))
    .openapi(guarded(contract.readBackup), async (c) => {
      const part = await backups.read(c.req.valid('param').id, c.req.valid('query').from)
      return c.body(part, 200, { 'content-type': 'application/octet-stream' })
    })
    .openapi(guarded(contract.deleteBackup), (c) => {
      backups.remove(c.req.valid('param').id)
      return c.json({}, 200)
    })
    .openapi(guarded(contract.writeRestore), async (c) => {
      await restore.write(c.req.valid('query').from, await readBody(c, partBytes))
      return c.json({}, 200)
    })
    .openapi(guarded(contract.finishRestore), async (c) => c.json(await restore.finish(), 202))
}
