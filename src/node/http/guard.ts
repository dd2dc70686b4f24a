/**
 * Deny by default: every request needs a token, except on the few open paths, and every route names
 * the roles that may call it.
 */
import { createRoute, OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { incompatible, isCompatible, protocolHeader } from '../../api/protocol.ts'
import { type RouteName, routes } from '../../api/routes.ts'
import { TmError } from '../../core/errors.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import { bearerToken, type Role } from '../../core/tokens.ts'
import type { AuthenticatedPrincipal } from '../secrets.ts'
import { limitBody, refuseForm, requireBody } from './body.ts'
import type { NodeContext } from './node-context.ts'

export interface Env {
  Variables: { principal: AuthenticatedPrincipal }
}

/**
 * Paths that need no token: `/healthz`, which only says `ok`, and `/v1/join`, where a worker gets its
 * token and which checks the address of the caller instead.
 */
export const openPaths: readonly string[] = Object.values(routes)
  .filter(({ roles }) => roles.length === 0)
  .map(({ path }) => path)

export function authenticate({
  secrets,
  info,
  onAsked,
}: Pick<NodeContext, 'secrets' | 'info' | 'onAsked'>): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (openPaths.includes(c.req.path)) return await next()
    const header = c.req.header('authorization')
    const principal = secrets.verify(bearerToken(header))
    if (!principal) {
      throw new TmError(
        'unauthorized',
        header ? 'This token is not valid here' : 'No token given',
        {
          suggestions: [suggest`curl -H "Authorization: Bearer $(${tm('token')})" …`],
        },
      )
    }
    const given = c.req.header(protocolHeader)
    if (given !== undefined && !isCompatible(given)) throw incompatible(info, given)
    c.set('principal', principal)
    if (principal.role === 'admin') onAsked()
    await next()
  }
}

/** Refuses all other roles. */
export function allow(roles: readonly Role[]): MiddlewareHandler<Env> {
  return async (c, next) => {
    const { role } = c.get('principal')
    if (!roles.includes(role)) {
      throw new TmError('forbidden', `A ${role} token may not do this`)
    }
    await next()
  }
}

/** Limit for a JSON body, in bytes: room for 10,000 reports with errors of 400 letters. */
const maxJson = 4 * 1024 ** 2

/** The route of an operation, restricted to its roles in the table of routes. */
export function guarded<const O extends RouteConfig & { operationId: RouteName }>(operation: O) {
  const { roles }: { roles: readonly Role[] } = routes[operation.operationId]
  const access = roles.length === 0 ? [] : [allow(roles)]
  const middleware = [...access, ...checksOfBody(operation)]
  return createRoute({ ...operation, middleware } as O & { middleware: MiddlewareHandler<Env>[] })
}

function checksOfBody({ request }: RouteConfig): MiddlewareHandler[] {
  const { content, required } = request?.body ?? {}
  if (!content) return []
  if (!content['application/json']) return [refuseForm]
  return [...(required ? [requireBody] : []), limitBody(maxJson)]
}

/** A set of routes that check requests against their schemas and report all problems at once. */
export function routeSet() {
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
