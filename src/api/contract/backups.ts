/** Backs up a node, and restores a backup. */
import { z } from '@hono/zod-openapi'
import { binary, done, json, operation } from './operation.ts'
import { backupSchema, integerParam } from './schemas.ts'

const bytes = { 'application/octet-stream': binary }
const fromQuery = z.object({
  from: integerParam('from', { min: 0, max: Number.MAX_SAFE_INTEGER }).describe(
    'the offset of the part, in bytes',
  ),
})
const idParam = z.object({ id: z.uuid().openapi({ param: { name: 'id', in: 'path' } }) })

export const createBackup = operation('createBackup', {
  summary: 'Back up the data of this node while it works',
  responses: {
    201: json(
      backupSchema.extend({ size: z.int().describe('bytes') }),
      'Backup created; kept for ten minutes after it was last read',
    ),
  },
})

export const readBackup = operation('readBackup', {
  summary: 'Download a part of a backup',
  request: { params: idParam, query: fromQuery },
  responses: {
    200: { description: 'Up to 4 MiB from byte `from` on; empty at the end', content: bytes },
  },
})

export const deleteBackup = operation('deleteBackup', {
  summary: 'Delete a backup',
  request: { params: idParam },
  responses: done('Backup deleted (idempotent)'),
})

export const writeRestore = operation('writeRestore', {
  summary: 'Upload a part of a backup to restore',
  description: 'Only a node without tasks can be restored. The part at byte 0 starts a new upload.',
  request: { query: fromQuery, body: { required: true, content: bytes } },
  responses: done('The part is written'),
})

export const finishRestore = operation('finishRestore', {
  summary: 'Restore the uploaded backup',
  description: 'The node checks the backup and restarts with it.',
  responses: {
    202: json(backupSchema, 'Backup accepted; `restored` in /v1/state says when it is in use'),
  },
})
