/** From a node's OpenAPI document to requests of every kind, and to what is wrong with an answer. */
import fc, { type Arbitrary } from 'fast-check'
import { z } from 'zod'
import { encodeFrames, framesType } from '../../../src/core/frames.ts'
import { packResults, resultsType } from '../../../src/core/reports.ts'
import { type Role, roles } from '../../../src/core/tokens.ts'
import { almost, garbage, type Known, type Schema, valid } from './generate.ts'

type Content = Record<string, { schema: Schema }>
interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  schema: Schema
}
interface Operation {
  parameters?: Parameter[]
  requestBody?: { content: Content }
  responses: Record<string, { content?: Content }>
  security: { bearer?: Role[] }[]
}
export interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

export interface Fuzzed {
  route: string
  method: string
  path: string
  role: Role | 'nobody'
  type: string | undefined
  headers: Record<string, string>
  body: string | Uint8Array<ArrayBuffer> | undefined
}

/** Routes that are asked in a way of their own, see the test. */
const apart = ['POST /v1/drain']

export function requestsFor(document: Document, known: Known): Arbitrary<Fuzzed> {
  const { paths } = document
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  )
  const asked = all.filter(({ method, path }) => !apart.includes(`${method.toUpperCase()} ${path}`))
  return fc.oneof(
    ...asked.map(({ method, path, operation }) => {
      const whole = inline(document, operation) as Operation
      return requestFor(method.toUpperCase(), path, whole, known)
    }),
  )
}

function requestFor(
  method: string,
  path: string,
  { parameters = [], requestBody, security }: Operation,
  known: Known,
): Arbitrary<Fuzzed> {
  const { bearer = [] } = security[0] ?? {}
  const who = fc.oneof(
    { arbitrary: fc.constantFrom<Role | 'nobody'>(...(bearer.length ? bearer : roles)), weight: 6 },
    { arbitrary: fc.constantFrom<Role | 'nobody'>(...roles, 'nobody'), weight: 1 },
  )
  const given = fc.record(
    Object.fromEntries(parameters.map((one) => [one.name, parameter(one, known)])),
  )
  return fc
    .record({ who, given, body: bodyFor(requestBody?.content, known) })
    .map(({ who: role, given: values, body }) => {
      let filled = path
      const query = new URLSearchParams()
      const headers: Record<string, string> = {}
      for (const { name, in: place } of parameters) {
        const value = values[name]
        if (value === undefined) continue
        if (place === 'path') filled = filled.replace(`{${name}}`, encode(value))
        else if (place === 'query') query.append(name, value)
        // Others never reach the node: no client can send them.
        else if (/^[\x20-\x7e\xa0-\xff]*$/.test(value)) headers[name] = value
      }
      const search = query.size > 0 ? `?${query}` : ''
      return { route: `${method} ${path}`, method, path: filled + search, role, headers, ...body }
    })
}

function parameter({ schema, required }: Parameter, known: Known): Arbitrary<string | undefined> {
  const text = (value: unknown) =>
    typeof value === 'object' ? JSON.stringify(value) : String(value).toWellFormed()
  return fc.oneof(
    { arbitrary: valid(schema, known).map(text), weight: 6 },
    { arbitrary: almost(schema, known).map(text), weight: 2 },
    { arbitrary: fc.string({ unit: 'binary' }).map((one) => one.toWellFormed()), weight: 1 },
    { arbitrary: fc.constant(undefined), weight: required ? 1 : 3 },
  )
}

/** Dots alone would be taken out of the path before it is sent. */
function encode(value: string): string {
  return /^\.*$/.test(value) ? 'empty' : encodeURIComponent(value)
}

type Body = Pick<Fuzzed, 'type' | 'body'>

function bodyFor(content: Content | undefined, known: Known): Arbitrary<Body> {
  const [type, { schema = {} } = {}] = Object.entries(content ?? {})[0] ?? []
  const other = fc.constantFrom('text/plain', 'application/json', undefined)
  if (type === undefined) return fc.constant({ type, body: undefined })
  const json = (value: unknown) => JSON.stringify(limitWait(value))
  const right: Record<string, Arbitrary<string | Uint8Array>> = {
    'application/json': fc.oneof(valid(schema, known).map(json), almost(schema, known).map(json)),
    [framesType]: frames(known),
    [resultsType]: results(known),
  }
  const raw = fc.uint8Array({ maxLength: 300 })
  return fc
    .oneof(
      { arbitrary: fc.tuple(fc.constant(type), right[type] ?? raw), weight: 6 },
      { arbitrary: fc.tuple(fc.oneof(fc.constant(type), other), garbage), weight: 2 },
    )
    .map(([given, body]) => ({
      type: given,
      body: typeof body === 'string' ? body : new Uint8Array(body),
    }))
}

/** The clock of the node stands still: who waits for a task would wait for ever. */
function limitWait(value: unknown): unknown {
  const { wait } = (value ?? {}) as { wait?: unknown }
  const isLong = typeof wait === 'number' && wait > 0 && wait <= 60_000
  return isLong ? { ...(value as object), wait: 0 } : value
}

/** A stream of frames, whole or cut off, with one byte changed, or with more than it should have. */
function frames(known: Known): Arbitrary<Uint8Array> {
  const header = fc.oneof(
    fc.record({
      id: fc.oneof(fc.uuid(), fc.constantFrom(...known)),
      iterations: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.maxSafeInteger(), fc.double()),
    }),
    fc.jsonValue(),
  )
  const body = fc.uint8Array({ maxLength: 50 }).map((bytes) => new Uint8Array(bytes))
  return damaged(fc.array(fc.record({ header, body }), { maxLength: 5 }).map(encodeFrames))
}

function results(known: Known): Arbitrary<Uint8Array> {
  const report = fc.record({
    id: fc.oneof(fc.constantFrom(...known), fc.uuid()),
    attempt: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
    result: fc.uint8Array({ minLength: 64, maxLength: 64 }),
  })
  return damaged(fc.array(report, { maxLength: 5 }).map(packResults))
}

function damaged(whole: Arbitrary<Uint8Array>): Arbitrary<Uint8Array> {
  return fc
    .tuple(whole, fc.nat({ max: 9 }), fc.nat(), fc.nat({ max: 255 }))
    .map(([bytes, how, place, byte]) => {
      const at = bytes.length > 0 ? place % bytes.length : 0
      if (how === 0) return bytes.slice(0, at)
      if (how === 1) return bytes.map((old, index) => (index === at ? byte : old))
      return bytes
    })
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
function inline(document: Document, part: unknown): unknown {
  if (Array.isArray(part)) return part.map((one) => inline(document, one))
  if (typeof part !== 'object' || part === null) return part
  const { $ref } = part as Schema
  if ($ref) return inline(document, document.components.schemas[$ref.split('/').at(-1) as string])
  return Object.fromEntries(Object.entries(part).map(([key, one]) => [key, inline(document, one)]))
}
