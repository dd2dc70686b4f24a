/** A line in the log for everything that an administrator changes: who, what, from where, and how it ended. */
import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context, MiddlewareHandler } from 'hono'
import type { Env } from './guard.ts'

export interface AuditLine {
  /** Role and subject of the token. */
  who: string
  /** Method and path. */
  what: string
  /** Address; undefined where the request came without a socket. */
  from: string | undefined
  /** Of the answer. */
  status: number
}

/** What a cluster is for, not what changes it: thousands a second, and each leaves its task. */
const everydayWork: readonly string[] = [
  'PUT /enqueue',
  'POST /v1/tasks',
  'POST /v1/tasks/lookup',
  'POST /pullCompleted',
  'POST /v1/results/pulled',
]

/** The log has the time. A new route is audited unless it only reads. */
export function audit(write: (line: AuditLine) => void): MiddlewareHandler<Env> {
  return async (c, next) => {
    await next()
    const principal = c.get('principal')
    const what = `${c.req.method} ${c.req.path}`
    if (principal?.role !== 'admin' || c.req.method === 'GET' || everydayWork.includes(what)) return
    const who = `${principal.role} ${principal.subject}`
    write({ who, what, from: addressOf(c), status: c.res.status })
  }
}

function addressOf(c: Context): string | undefined {
  try {
    return getConnInfo(c).remote.address
  } catch {
    return undefined
  }
}
