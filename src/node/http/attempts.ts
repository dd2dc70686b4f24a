/** Failed attempts on their way in, as a worker reports them, and out, as the API shows them. */
import type { z } from '@hono/zod-openapi'
import type { AnswerOf } from '../../api/client.ts'
import type { failureReportSchema } from '../../api/contract/leases.ts'
import type { StoredAttempt } from '../../core/task.ts'
import type { FailureReport } from '../store/task-store.ts'

type Attempt = NonNullable<AnswerOf<'attemptsOfTask'>>['attempts'][number]

/** Queue and store keep the ending as text, which they do not look into. */
export function toFailureReport({
  ending,
  ...report
}: z.output<typeof failureReportSchema>): Omit<FailureReport, 'delay'> {
  if (ending === undefined) return report
  const { reason, exit, signal } = ending
  const alike = [reason, exit, signal].filter((part) => part !== undefined).join(' ')
  return { ...report, alike, ending: JSON.stringify(ending) }
}

export function presentAttempt({ ending, ...attempt }: StoredAttempt): Attempt {
  return { ...attempt, ...(ending === undefined ? {} : JSON.parse(ending)) }
}
