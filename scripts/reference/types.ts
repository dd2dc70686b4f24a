/** JSON schemas, written as the types of TypeScript. */

export interface Schema {
  $ref?: string
  type?: string | string[]
  format?: string
  enum?: unknown[]
  const?: unknown
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  description?: string
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  default?: unknown
}

export function typeText(schema: Schema, indent = ''): string {
  if (schema.$ref) return schema.$ref.replace('#/components/schemas/', '')
  const either = schema.anyOf ?? schema.oneOf
  if (either) return either.map((one) => typeText(one, indent)).join(' | ')
  if (schema.allOf) {
    // One that only describes says nothing of the type.
    const parts = schema.allOf.map((one) => typeText(one, indent)).filter((text) => text !== 'any')
    return parts.join(' & ')
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.properties) return objectText(schema, indent)
  if (schema.type === 'array') {
    const item = typeText(schema.items ?? {}, indent)
    return item.includes(' | ') && !item.startsWith('{') ? `(${item})[]` : `${item}[]`
  }
  if (schema.type === 'object') {
    const { additionalProperties } = schema
    const value = typeof additionalProperties === 'object' ? typeText(additionalProperties) : 'any'
    return `{ [name: string]: ${value} }`
  }
  if (schema.format === 'binary') return 'bytes'
  return [schema.type ?? 'any'].flat().join(' | ')
}

/** On one line where it fits and nothing is explained. */
function objectText({ properties = {}, required = [] }: Schema, indent: string): string {
  const inner = `${indent}  `
  const fields = Object.entries(properties).map(([name, schema]) => ({
    text: `${name}${required.includes(name) ? '' : '?'}: ${typeText(schema, inner)}`,
    note: schema.$ref ? undefined : schema.description,
  }))
  if (fields.length === 0) return '{}'
  const short = `{ ${fields.map(({ text }) => text).join(', ')} }`
  const plain = fields.every(({ text, note }) => !note && !text.includes('\n'))
  if (plain && short.length <= 100 - indent.length) return short
  const lines = fields.map(
    ({ text, note }) => `${inner}${text}${note ? ` // ${note.replaceAll('\n', ' ')}` : ''}`,
  )
  return ['{', ...lines, `${indent}}`].join('\n')
}

/** What a parameter may be, shorter than a schema. */
export function rangeText(schema: Schema): string {
  const { minimum, maximum, format } = schema
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`
  if (format === 'uuid') return 'UUID'
  return typeText(schema)
}
