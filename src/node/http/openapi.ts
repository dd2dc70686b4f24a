/** Builds `/openapi.json` from the routes, and adds the errors that many routes share. */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Env } from './guard.ts'

type Answers = Record<string, string>

interface Operation {
  requestBody?: object
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>
  security?: object[]
}

const always: Answers = { 400: 'The request is invalid; the message says what is wrong' }
const withToken: Answers = {
  401: 'The token is missing or invalid',
  403: 'The token has another role, or belongs to another worker',
}
const withBody: Answers = {
  408: 'The body came too slowly: less than 1 KiB a second for 30 s',
  413: 'The body is too large',
}
const withId: Answers = { 404: 'This node does not know the id' }
const changing: Answers = {
  503: 'The node is draining or stopping, or busy (header `retry-after`); try again, or use another node',
  507: 'The disk is full; nothing was stored',
}

/** Errors of single routes. */
const special: Record<string, Answers> = {
  'put /enqueue': { 409: 'Another task has this id' },
  'put /v1/jobs/{id}': {
    409: 'Another job has this id, or this node does not have one of the shared files',
  },
  'put /v1/shared/{sha256}': { 409: 'It is here in another size' },
  'put /v1/shared/{sha256}/{part}': { 409: 'It has no part of this length' },
  'post /v1/tasks/{id}/cancel': { 409: 'The task has already ended' },
  'post /v1/tasks/{id}/retry': { 409: 'The task has not failed' },
  'put /v1/restore': { 409: 'This node has tasks, or the first part is missing' },
  'post /v1/restore': { 409: 'This node has tasks, or the first part is missing' },
  'put /v1/secret': { 409: 'This node does not know that secret' },
  'put /v1/provision': { 404: 'This node runs local workers: there are no machines to choose' },
  'get /v1/program': { 404: 'This node has no program: its workers are installed with tm' },
  'post /v1/join': {
    403: 'This node did not launch the worker, its address is wrong, or it has already joined',
  },
}

const errorRef = { $ref: '#/components/schemas/Error' }

export function openApiDocument(app: OpenAPIHono<Env>, version: string) {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'tm node',
      version,
      description: 'A node of a tm cluster: it queues tasks, launches workers and keeps results.',
      license: { name: 'MIT', url: 'https://spdx.org/licenses/MIT.html' },
    },
    servers: [{ url: '/', description: 'The node that serves this document' }],
  })
  for (const [path, methods] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(methods as Record<string, Operation>)) {
      const errors = {
        ...always,
        ...(operation.security?.length ? withToken : {}),
        ...(operation.requestBody ? withBody : {}),
        ...(path.includes('{') ? withId : {}),
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

/** Adds to what the route itself declares for the status. */
function addError({ responses }: Operation, status: string, description: string): void {
  const own = responses[status]
  const schema = own?.content?.['application/json']?.schema
  responses[status] = {
    description: own ? `${own.description}. Or: ${description}` : description,
    content: { 'application/json': { schema: schema ? { anyOf: [schema, errorRef] } : errorRef } },
  }
}
