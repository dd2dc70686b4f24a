/** From a JSON schema to values: valid ones, almost valid ones, and garbage. */
import fc, { type Arbitrary } from 'fast-check'

export interface Schema {
  type?: string
  enum?: unknown[]
  format?: string
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  oneOf?: Schema[]
  $ref?: string
}

/** Ids that the node knows: what is random is never found. */
export type Known = readonly string[]

export function valid(schema: Schema, known: Known): Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum)
  const { minimum = 0, maximum = 2 ** 40, properties = {}, required = [] } = schema
  switch (schema.type) {
    case 'integer':
      return fc.oneof(
        fc.integer({ min: minimum, max: Math.min(maximum, minimum + 10) }),
        fc.maxSafeInteger().map((n) => Math.min(maximum, Math.max(minimum, Math.abs(n)))),
      )
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true })
    case 'boolean':
      return fc.boolean()
    case 'string':
      return validString(schema, known)
    case 'array': {
      const { items = {}, minItems = 0, maxItems = 5 } = schema
      return fc.array(valid(items, known), {
        minLength: minItems,
        maxLength: Math.max(minItems, Math.min(maxItems, 5)),
      })
    }
    case 'object': {
      const model = Object.entries(properties).map(([name, one]) => [name, valid(one, known)])
      return fc.record(Object.fromEntries(model), { requiredKeys: required as never[] })
    }
    default:
      return fc.jsonValue()
  }
}

function validString(schema: Schema, known: Known): Arbitrary<string> {
  const { format, pattern, minLength = 0, maxLength = 100 } = schema
  if (format === 'uuid') return fc.oneof(fc.constantFrom(...known), fc.uuid())
  if (format === 'uri') return fc.webUrl()
  if (pattern) return fc.oneof(fc.constantFrom('w1', 'node-2'), fc.stringMatching(RegExp(pattern)))
  return fc.string({ minLength, maxLength: Math.min(maxLength, 100), unit: 'binary' })
}

/** One thing is wrong with it, or just at the edge, somewhere in it. */
export function almost(schema: Schema, known: Known): Arbitrary<unknown> {
  const { type, properties = {}, required = [], items = {} } = schema
  const wrong = [wrongType(schema), ...edges(schema)]
  if (type === 'array') {
    const { minItems = 0, maxItems } = schema
    wrong.push(fc.array(almost(items, known), { minLength: minItems, maxLength: minItems + 3 }))
    wrong.push(fc.constant([]))
    if (maxItems !== undefined && maxItems <= 1000) {
      wrong.push(valid(items, known).map((item) => new Array(maxItems + 1).fill(item)))
    }
  }
  if (type === 'object') {
    const whole = valid(schema, known) as Arbitrary<Record<string, unknown>>
    wrong.push(whole.map((value) => ({ ...value, extra: { a: [null] } })))
    for (const [name, one] of Object.entries(properties)) {
      wrong.push(fc.tuple(whole, almost(one, known)).map(([all, bad]) => ({ ...all, [name]: bad })))
    }
    for (const name of required) wrong.push(whole.map(({ [name]: _, ...others }) => others))
  }
  return fc.oneof(...wrong)
}

function wrongType({ type }: Schema): Arbitrary<unknown> {
  const others: unknown[] = [null, true, -1, 1.5, 1e300, '', '0', 'text', [], {}, [null]]
  return fc.constantFrom(...others.filter((value) => typeof value !== type))
}

function edges({ type, minimum, maximum, minLength, maxLength, format }: Schema) {
  if (type === 'integer') {
    const at = [minimum ?? 0, maximum ?? Number.MAX_SAFE_INTEGER]
    const near = at.flatMap((edge) => [edge - 1, edge, edge + 1, edge + 0.5])
    return [fc.constantFrom(...near, -0, 2 ** 53, 1e21, -(2 ** 63))]
  }
  if (type !== 'string') return []
  const ends = [minLength, maxLength].filter((edge) => edge !== undefined)
  const lengths = ends.flatMap((edge) => [edge - 1, edge, edge + 1])
  const texts = lengths.map((length) => 'a'.repeat(Math.max(0, length)))
  const uuids = ['01997A5E-4B7E-7CC2-8F6A-0D3B5B6E9A10', '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a1']
  const odd = ['\0', '../..', 'a'.repeat(5000), '\ud800', '\u202e', "'; --", '__proto__']
  return [fc.constantFrom(...texts, ...odd, ...(format === 'uuid' ? uuids : []))]
}

/** Text or bytes that may be JSON, or nearly. */
export const garbage: Arbitrary<string | Uint8Array> = fc.oneof(
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.uint8Array({ maxLength: 200 }),
  fc.constantFrom('', '{', '[]', 'null', '{"a":', '"', '\0', `${'['.repeat(10_000)}`),
)
