/** Refuses a method that a path does not take, and names those that it takes (405: RFC 9110, 15.5.6). */
import type { MiddlewareHandler } from 'hono'
import { routes } from '../../api/routes.ts'
import { TmError } from '../../core/errors.ts'

const methodsOf = new Map<string, string[]>()
for (const { method, path } of Object.values(routes)) {
  // Whoever answers GET answers HEAD.
  const taken = method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]
  methodsOf.set(path, [...(methodsOf.get(path) ?? []), ...taken].sort())
}

const templates = [...methodsOf]
  .filter(([path]) => path.includes('{'))
  .map(([path, methods]) => ({
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
    methods,
  }))

/** None if there is no such path. A path without parameters comes first, as in OpenAPI. */
export function methodsAt(path: string): string[] {
  const methods = methodsOf.get(path)
  return methods ?? templates.find(({ pattern }) => pattern.test(path))?.methods ?? []
}

export const checkMethod: MiddlewareHandler = async (c, next) => {
  const { method, path } = c.req
  const methods = methodsAt(path)
  if (methods.length > 0 && !methods.includes(method)) {
    throw new TmError('not_allowed', `${path} takes ${methods.join(', ')}, not ${method}`)
  }
  await next()
}
