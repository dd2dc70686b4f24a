/** Files that the tasks of jobs share, by the SHA-256 of their bytes. */
import { z } from '@hono/zod-openapi'
import {
  clashIn,
  maxSharedBytes,
  maxSharedFiles,
  problemOfName,
  sha256Pattern,
  sharedParts,
} from '../../kinds/command/shared.ts'
import { binary, done, json, jsonBody, operation } from './operation.ts'
import { integerParam } from './schemas.ts'

const sha256 = z
  .string()
  .regex(sha256Pattern, { error: 'a SHA-256 is 64 hexadecimal digits in lower case' })

const size = z.int().min(0).max(maxSharedBytes)

const name = z
  .string()
  .max(4096)
  .superRefine((text, context) => {
    const problem = problemOfName(text)
    if (problem) context.addIssue({ code: 'custom', message: `${text.slice(0, 60)}: ${problem}` })
  })

/** What a job says of the files that its tasks share. */
export const sharedFiles = z
  .array(
    z.object({
      name: name.describe('where it is in the folder of an attempt'),
      sha256,
      size: size.describe('the bytes that travel: of a folder, those of its tar archive'),
      kind: z.enum(['file', 'dir']),
      mode: z.int().min(0).max(0o777).describe('the permissions of a file'),
    }),
  )
  .max(maxSharedFiles)
  .superRefine((files, context) => {
    const clash = clashIn(files.map((file) => file.name))
    if (!clash) return
    const [one, other] = clash.map((text) => text.slice(0, 60))
    context.addIssue({ code: 'custom', message: `${one} and ${other} can't both be there` })
  })
  .describe('files and folders that every attempt finds in its folder; nodes have them before')

const contentParam = z.object({ sha256: sha256.openapi({ param: { name: 'sha256', in: 'path' } }) })

const partParam = contentParam.extend({
  part: integerParam('part', { min: 0, max: sharedParts(maxSharedBytes) - 1 }),
})

export const openShared = operation('openShared', {
  summary: 'Say that a shared file comes, or that it is complete',
  description:
    'Answers with the parts of 1 MiB that this node still needs. Send them, then ask again: when none is missing, the node has checked the hash, and keeps the file while a job needs it.',
  request: {
    params: contentParam,
    body: jsonBody(z.object({ size: size.describe('bytes') }), 'Its size'),
  },
  responses: {
    200: json(
      z.object({ missing: z.array(z.int()).describe('the numbers of these parts, from 0') }),
      'What is missing',
    ),
  },
})

export const writeShared = operation('writeShared', {
  summary: 'Store a part of a shared file',
  request: {
    params: partParam,
    body: { required: true, content: { 'application/octet-stream': binary } },
  },
  responses: done('The part is on disk'),
})

export const readShared = operation('readShared', {
  summary: 'Read a part of a shared file',
  request: { params: partParam },
  responses: {
    200: { description: 'The part', content: { 'application/octet-stream': binary } },
  },
})
