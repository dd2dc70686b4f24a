/** A node's OpenAPI document as it is read here, and what it says of an answer. */
import { z } from 'zod'
import type { Role } from '../../../src/core/tokens.ts'
import type { Schema } from './generate.ts'

export type Content = Record<string, { schema: Schema }>
export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  schema: Schema
}
export interface Operation {
  parameters?: Parameter[]
  requestBody?: { content: Content }
  responses: Record<string, { content?: Content }>
  security: { bearer?: Role[] }[]
}
export interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

/** Says what is wrong with an answer; undefined if it is as the document says. */
export function createJudge(document: Document) {
  const checks = new Map<string, z.ZodType>()
  return (route: string, status: number, type: string, body: string): string | undefined => {
    const [method = '', path = ''] = route.split(' ')
    const declared = document.paths[path]?.[method.toLowerCase()]?.responses[status]
    if (!declared) return `${status} is not declared: ${body}`
    const [wanted, { schema = {} } = {}] = Object.entries(declared.content ?? {})[0] ?? []
    if (wanted && !type.startsWith(wanted)) return `${type} in place of ${wanted}`
    if (wanted !== 'application/json') return undefined
    const key = `${route} ${status}`
    const check =
      checks.get(key) ?? z.fromJSONSchema(inline(document, schema) as z.core.JSONSchema.JSONSchema)
    checks.set(key, check)
    const { error } = check.safeParse(JSON.parse(body))
    return error && `${error.message}: ${body}`
  }
}

/** With what it refers to in its place. */
export function inline(document: Document, part: unknown): unknown {
  if (Array.isArray(part)) return part.map((one) => inline(document, one))
  if (typeof part !== 'object' || part === null) return part
  const { $ref } = part as Schema
  if ($ref) return inline(document, document.components.schemas[$ref.split('/').at(-1) as string])
  return Object.fromEntries(Object.entries(part).map(([key, one]) => [key, inline(document, one)]))
}
