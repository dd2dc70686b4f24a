/** Logs each change that an administrator makes: who, what, from where, and the status. */
import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context, MiddlewareHandler } from 'hono'
import type { Env } from './guard.ts'
import type { AuditLine } from './node-context.ts'

/** Routes for tasks are not audited: there are thousands of calls per second, and the store has their tasks. */
const everydayWork: readonly string[] = [
  'PUT /enqueue',
  'POST /v1/tasks',
  'POST /v1/tasks/lookup',
  'POST /pullCompleted',
  'POST /v1/results/pulled',
]

/** That a shared file comes is audited, and not each of its parts. */
const partOfShared = /^PUT \/v1\/shared\/\w+\/\d+$/

/** The log adds the time. Every route is audited unless it only reads or is in `everydayWork`. */
export function audit(write: (line: AuditLine) => void): MiddlewareHandler<Env> {
  return async (c, next) => {
    await next()
    const principal = c.get('principal')
    const what = `${c.req.method} ${c.req.path}`
    if (principal?.role !== 'admin' || c.req.method === 'GET' || isEverydayWork(what)) return
    const who = `${principal.role} ${principal.subject}`
    write({ who, what, from: addressOf(c), status: c.res.status })
  }
}

function isEverydayWork(what: string): boolean {
  return everydayWork.includes(what) || partOfShared.test(what)
}

function addressOf(c: Context): string | undefined {
  try {
    return getConnInfo(c).remote.address
  } catch {
    return undefined
  }
}
