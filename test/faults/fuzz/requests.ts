/** From a node's OpenAPI document to requests of every kind. */
import fc, { type Arbitrary } from 'fast-check'
import { framesType } from '../../../src/api/frames.ts'
import { resultsType } from '../../../src/api/reports.ts'
import { type Role, roles } from '../../../src/core/tokens.ts'
import { type Content, type Document, inline, type Operation, type Parameter } from './document.ts'
import { almost, garbage, type Known, valid } from './generate.ts'
import { frames, results } from './packed.ts'

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
