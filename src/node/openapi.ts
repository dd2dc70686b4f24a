/** `/openapi.json`: what the routes declare, and the errors that any of them may answer. */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Env } from './routes/guard.ts'

const errorAnswers = {
  400: 'Something in the request is wrong; the message names it',
  401: 'No token, or not a valid one',
  403: 'A token of another role',
}

export function openApiDocument(app: OpenAPIHono<Env>, version: string) {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'tm node', version, description: 'A node of a tm cluster.' },
  })
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } }
  const answers = Object.entries(errorAnswers).map(([status, description]) => [
    status,
    { description, content },
  ])
  for (const path of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(path as Record<string, { responses: object }>)) {
      operation.responses = { ...Object.fromEntries(answers), ...operation.responses }
    }
  }
  return document
}
