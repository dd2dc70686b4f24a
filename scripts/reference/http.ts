/** `http.md`, from the OpenAPI document: each route, who may use it, what it takes and answers. */
import { block, code, notice, page, sentence, table } from './markdown.ts'
import { rangeText, type Schema, typeText } from './types.ts'

type Content = Record<string, { schema: Schema }>

interface Parameter {
  name: string
  in: string
  required?: boolean
  description?: string
  schema: Schema
}

interface Answer {
  description: string
  headers?: Record<string, { description: string }>
  content?: Content
}

interface Operation {
  summary: string
  description?: string
  security?: Record<string, string[]>[]
  parameters?: Parameter[]
  requestBody?: { description?: string; content: Content }
  responses: Record<string, Answer>
}

export interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

interface Route {
  method: string
  path: string
  operation: Operation
}

const intro = `A request needs \`Authorization: Bearer TOKEN\`, unless the route is for anyone. A token has one of three roles: \`admin\` \
(\`tm token\` prints it), \`node\` (a sibling), \`worker\` (which may act only for itself). This page is made from \
the OpenAPI 3.1 document that every node serves to admins at \`GET /openapi.json\`.`

const example = [
  `$ URL=$(tm health --json | jq -r '.nodes[0].url')    # tm up prints it, too`,
  `$ curl -T file -H "Authorization: Bearer $(tm token)" "$URL/enqueue?iterations=1000"`,
  '{"id":"01a20c2c-36ed-7423-b069-565a7dbe05ad"}',
]

const errors = `Every error is an \`Error\` (see [types](#types)). Many routes share these; each route below lists only its own.`

export function httpPage({ paths, components }: Document): string {
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  )
  const shared = sharedErrors(routes)
  const types = Object.entries(components.schemas).flatMap(([name, schema], at) => [
    ...(at > 0 ? [''] : []),
    `type ${name} = ${typeText(schema)}`,
  ])
  return page(
    ['# HTTP'],
    [notice],
    [intro],
    block(example, 'console'),
    table(['route', 'for', 'does'], routes.map(overview)),
    ['## Errors'],
    [errors],
    table(
      ['status', 'meaning'],
      [...shared].sort().map((line) => line.split('\t')),
    ),
    ['## Routes'],
    ...routes.flatMap((route) => sections(route, shared)),
    ['## Types'],
    block(types, 'ts'),
  )
}

const nameOf = ({ method, path }: Route) => `${method.toUpperCase()} ${path}`

function overview(route: Route): string[] {
  const { security, summary } = route.operation
  // As GitHub makes it of a heading.
  const anchor = nameOf(route)
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-')
  return [`[${code(nameOf(route))}](#${anchor})`, rolesOf(security), summary]
}

const rolesOf = (security: Operation['security'] = []) =>
  security.flatMap((one) => Object.values(one).flat()).join(', ') || 'anyone'

/** An answer as one line of text, by which equal ones are found. */
const lineOf = ([status, { description }]: [string, Answer]) => `${status}\t${description}`

const isError = ({ content = {} }: Answer) =>
  Object.values(content).some(({ schema }) => schema.$ref === '#/components/schemas/Error')

/** Answers that more than two routes have. */
function sharedErrors(routes: Route[]): Set<string> {
  const counts = new Map<string, number>()
  for (const { operation } of routes) {
    for (const entry of Object.entries(operation.responses)) {
      if (isError(entry[1])) counts.set(lineOf(entry), (counts.get(lineOf(entry)) ?? 0) + 1)
    }
  }
  return new Set([...counts].filter(([, count]) => count > 2).map(([line]) => line))
}

function sections(route: Route, shared: Set<string>): string[][] {
  const { summary, description, security, parameters, requestBody, responses } = route.operation
  const own = Object.entries(responses).filter((entry) => !shared.has(lineOf(entry)))
  return [
    [`### ${nameOf(route)}`],
    [`${sentence(summary)} For: ${rolesOf(security)}.`],
    description ? [description] : [],
    table(['parameter', 'in', 'type', 'meaning'], (parameters ?? []).map(parameterRow)),
    ...(requestBody ? bodySections('Body', requestBody) : []),
    ...own.flatMap(([status, answer]) => bodySections(status, answer)),
  ]
}

function parameterRow({ name, in: place, required, description, schema }: Parameter): string[] {
  const optional = schema.default === undefined ? 'optional' : `default ${schema.default}`
  const said = description ?? schema.description ?? ''
  const meaning = [...(said ? [said] : []), ...(required ? [] : [optional])].join('; ')
  return [code(name), place, code(rangeText(schema)), meaning]
}

/** Types that say no more than the text before them. */
const plain = ['{}', 'bytes', 'string', '{ [name: string]: any }']

/** What it means, its media type unless that is JSON, and its type: beside it if that is short. */
function bodySections(
  title: string,
  { description, headers = {}, content = {} }: Partial<Answer>,
): string[][] {
  const [media = '', { schema } = { schema: {} }] = Object.entries(content)[0] ?? []
  const words = [
    `**${title}**`,
    ...(description ? [sentence(description)] : []),
    ...Object.entries(headers).map(
      ([name, header]) => `Header ${code(name)}: ${header.description}.`,
    ),
    ...(media === '' || media === 'application/json' ? [] : [`${code(media)}.`]),
  ]
  const type = media === '' ? '{}' : typeText(schema)
  if (plain.includes(type)) return [[words.join(' ')]]
  if (!type.includes('\n') && type.length < 60) return [[[...words, code(type)].join(' ')]]
  return [[words.join(' ')], block([type], 'ts')]
}
