/** Attempts of commands that failed: how they ended, and the last of what they wrote. */
import { z } from '@hono/zod-openapi'
import { keptTextBytes } from '../../kinds/command/ending.ts'
import { failureReasons } from '../../kinds/command/job.ts'
import { json, operation } from './operation.ts'
import { taskIdParam, wholeNumber } from './schemas.ts'

const count = wholeNumber

/** How a command ended. Tasks and results of commands have these fields, too. */
export const endingFields = {
  reason: z.enum(failureReasons).optional().describe('why its command failed'),
  exit: z.int().min(0).max(255).optional().describe('the exit code of its command'),
  signal: z.string().max(20).optional().describe('the signal that ended its command'),
  beganAt: count.optional().describe('when its command began: milliseconds since the Unix epoch'),
  ran: count.optional().describe('milliseconds that its command ran'),
  userMs: count.optional().describe('processor time of its command in user mode, about'),
  systemMs: count.optional().describe('processor time of its command in the kernel, about'),
  peakMemory: count
    .optional()
    .describe('the most bytes of memory that its command had, about; absent if it ended at once'),
  exact: z
    .literal(true)
    .optional()
    .describe('processor time and memory are what the kernel has counted, not about that'),
}

const keptText = z.object({
  text: z.string().max(keptTextBytes).describe('the last of it, at most 64 KiB'),
  bytes: count.describe('bytes that it has written in all'),
})

/** What a worker adds to the report of a command that failed. */
export const failedAttemptFields = {
  ending: z.object(endingFields).optional().describe('how the command ended'),
  stdout: keptText.optional(),
  stderr: keptText.optional(),
}

export const attemptsOfTask = operation('attemptsOfTask', {
  summary: 'List the newest failed attempts of a command, with what they wrote',
  description: 'At most three, oldest first.',
  request: { params: taskIdParam },
  responses: {
    200: json(
      z.object({
        attempts: z.array(
          z
            .object({
              attempt: z.int(),
              worker: z.string(),
              startedAt: z.number().describe('milliseconds since the Unix epoch'),
              endedAt: z.number(),
              error: z.string(),
              ...endingFields,
              stdout: keptText.optional(),
              stderr: keptText.optional(),
            })
            .openapi('Attempt'),
        ),
      }),
      'The attempts',
    ),
  },
})
