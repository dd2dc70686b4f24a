// Writes answers as XML. EC2 calls the elements of a list `item`, IAM and STS call them `member`.

export type Xml =
  | string
  | number
  | boolean
  | Date
  | undefined
  | readonly Xml[]
  | { readonly [name: string]: Xml }

export type ListItem = 'item' | 'member'

export function toXml(name: string, value: Xml, item: ListItem, attributes = ''): string {
  if (value === undefined) return ''
  return `<${name}${attributes}>${content(value, item)}</${name}>`
}

function content(value: Exclude<Xml, undefined>, item: ListItem): string {
  if (typeof value === 'string') return escaped(value)
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (isList(value)) return value.map((one) => toXml(item, one, item)).join('')
  return Object.entries(value)
    .map(([name, one]) => toXml(name, one, item))
    .join('')
}

function isList(value: Xml): value is readonly Xml[] {
  return Array.isArray(value)
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;')
}
