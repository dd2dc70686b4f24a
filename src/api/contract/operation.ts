/** Declares an operation of the API: its route, its request and its answers. */
import { type RouteConfig, z } from '@hono/zod-openapi'
import { type RouteName, routes } from '../routes.ts'

type Declared = Omit<RouteConfig, 'method' | 'path' | 'operationId' | 'security'>

export function operation<N extends RouteName, const D extends Declared>(name: N, declared: D) {
  const { method, path, roles } = routes[name]
  const security = roles.length === 0 ? [] : [{ bearer: [...roles] }]
  return { ...declared, operationId: name, method, path, security }
}

/** A JSON answer. */
export function json<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { 'application/json': { schema } } }
}

/** A JSON request body. */
export function jsonBody<S extends z.ZodType>(schema: S, description: string) {
  return { required: true as const, ...json(schema, description) }
}

/** A body of bytes. */
export const binary = { schema: z.any().openapi({ type: 'string', format: 'binary' }) }

/** An empty answer. */
export const done = (description: string) => ({ 200: json(z.object({}), description) })
