/**
 * Deny by default: no request but `/healthz` gets past `authenticate` without a token, and no route
 * can be declared without the roles that may use it.
 */
import { createRoute, OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { TmError } from '../../core/errors.ts'
import { isSpoken, notSpoken, protocolHeader } from '../../core/protocol.ts'
import type { Role } from '../../core/tokens.ts'
import type { Known, Secrets } from '../secrets.ts'
import { limitBody } from './body.ts'

export interface Env {
  Variables: { principal: Known }
}

/**
 * What answers without a token: `/healthz`, which says `ok` and nothing else; and where a worker gets
 * its token, which looks at the address that it comes from instead.
 */
export const openPaths: readonly string[] = ['/healthz', '/v1/join']

export function authenticate({
  secrets,
  info,
}: {
  secrets: Pick<Secrets, 'verify'>
  info: { id: string; version: string }
}): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (openPaths.includes(c.req.path)) return await next()
    const header = c.req.header('authorization')
    const token = header?.startsWith('Bearer ') ? header.slice(7) : ''
    const principal = secrets.verify(token)
    if (!principal) {
      throw new TmError(
        'unauthorized',
        header ? 'This token is not valid here' : 'No token given',
        {
          suggestions: ['curl -H "Authorization: Bearer $(tm token)" …'],
        },
      )
    }
    const given = c.req.header(protocolHeader)
    if (given !== undefined && !isSpoken(given)) throw notSpoken(info, given)
    c.set('principal', principal)
    await next()
  }
}

/** Lets only these roles through. */
export function allow(roles: readonly Role[]): MiddlewareHandler<Env> {
  return async (c, next) => {
    const { role } = c.get('principal')
    if (!roles.includes(role)) {
      throw new TmError('forbidden', `A ${role} token may not do this`)
    }
    await next()
  }
}

/** Bytes of JSON in one request: 10,000 reports with errors of 400 letters, or 100 siblings. */
const maxJson = 4 * 1024 ** 2

/** A route that only these roles may use. */
export function guarded<
  const P extends string,
  const R extends Omit<RouteConfig, 'path'> & { path: P },
>(roles: readonly Role[], config: R) {
  return createRoute({
    ...config,
    middleware: takesJson(config) ? [allow(roles), limitBody(maxJson)] : [allow(roles)],
    security: [{ bearer: [...roles] }],
  } as R & { middleware: MiddlewareHandler<Env>[] })
}

function takesJson({ request }: Omit<RouteConfig, 'path'>): boolean {
  return Object.keys(request?.body?.content ?? {}).includes('application/json')
}

/** A set of routes whose requests are checked against their schemas; all problems in one error. */
export function routes() {
  return new OpenAPIHono<Env>({
    defaultHook(result) {
      if (result.success) return
      const problems = result.error.issues.map(({ path, message }) => {
        const where = path.join('.')
        return where === '' || message.startsWith(String(path.at(-1)))
          ? message
          : `${where}: ${message}`
      })
      throw new TmError('invalid', problems.join('; '))
    },
  })
}
