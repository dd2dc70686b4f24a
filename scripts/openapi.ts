/** The OpenAPI document of a node, without a node: routes declare themselves, and nothing calls them. */
import { createApp } from '../src/node/http/app.ts'
import { openApiDocument } from '../src/node/http/openapi.ts'

// Stands for every part of a node: whatever is asked of it is there, and does nothing.
const inert: unknown = new Proxy(() => inert, { get: () => inert })

export function createOpenApiDocument(version: string) {
  return openApiDocument(createApp(inert as Parameters<typeof createApp>[0]), version)
}
