/** `/openapi.json`: what the routes declare, and the errors that any of them may answer. */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Env } from './routes/guard.ts'

type Answers = Record<string, string>

interface Operation {
  requestBody?: object
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>
}

const always: Answers = {
  400: 'Something in the request is wrong; the message names it',
  401: 'No token, or not a valid one',
  403: 'A token of another role, or of somebody else',
}
const withBody: Answers = { 413: 'The body is too large' }
const withName: Answers = { 404: 'There is no such thing on this node' }
const changing: Answers = {
  503: 'Not now: it is draining, or stopping',
  507: 'The disk is full: nothing was stored',
}

/** What only these answer. */
const special: Record<string, Answers> = {
  'put /enqueue': { 409: 'Another task has this id' },
  'post /v1/tasks/{id}/cancel': { 409: 'The task has ended' },
  'post /v1/tasks/{id}/retry': { 409: 'The task has not failed' },
  'put /v1/restore': { 409: 'This node has tasks, or the first part is missing' },
  'post /v1/restore': { 409: 'This node has tasks, or the first part is missing' },
  'put /v1/secret': { 409: 'This node has not been told of that secret' },
  'put /v1/provision': { 404: 'There is no choice of machines here' },
  'get /v1/program': { 404: 'The workers of this node bring their own program' },
}

const errorRef = { $ref: '#/components/schemas/Error' }

export function openApiDocument(app: OpenAPIHono<Env>, version: string) {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'tm node', version, description: 'A node of a tm cluster.' },
  })
  for (const [path, methods] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(methods as Record<string, Operation>)) {
      const errors = {
        ...always,
        ...(operation.requestBody ? withBody : {}),
        ...(path.includes('{') ? withName : {}),
        ...(method === 'get' ? {} : changing),
        ...special[`${method} ${path}`],
      }
      for (const [status, description] of Object.entries(errors)) {
        addError(operation, status, description)
      }
    }
  }
  return document
}

/** Beside what a route answers with the same status. */
function addError({ responses }: Operation, status: string, description: string): void {
  const own = responses[status]
  const schema = own?.content?.['application/json']?.schema
  responses[status] = {
    description: own ? `${own.description}. Or: ${description}` : description,
    content: { 'application/json': { schema: schema ? { anyOf: [schema, errorRef] } : errorRef } },
  }
}
