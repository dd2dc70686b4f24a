/**
 * The OpenAPI document of a node, narrowed for requests that are carried out: what they ask for does no harm to
 * the machine or to the requests after them. Wrong requests are made from more of it: see `worded`.
 */

interface Schema {
  properties?: Record<string, Schema>
  enum?: unknown[]
  minimum?: number
  maximum?: number
}

interface Operation {
  parameters?: { name: string; schema: Schema }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
}

export interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

/** Of nothing that the node has. */
const unknownHash = 'f'.repeat(64)

/** Outside the range of ports that systems give away. */
export const nowhere = 'http://127.0.0.1:65535'

/** Ids of tasks that the node has, and the last one that it has not. */
export const taskIds = [1, 2, 3, 4, 5, 6].map((n) => `01997a5e-4b7e-7cc2-8f6a-00000000000${n}`)

export function bounded(document: Document, worker: string): Document {
  const copy = worded(document)
  const operation = (method: string, path: string) => copy.paths[path]?.[method] as Operation

  // No workers are launched, and a small body is never too large.
  const settings = fieldsOf(operation('patch', '/v1/settings'))
  Object.assign(settings.maxWorkers as Schema, { maximum: 0 })
  Object.assign(settings.maxBody as Schema, { minimum: 1024 ** 2 })

  // The node asks its siblings. Nothing listens there, and nobody else is asked.
  const { Sibling } = copy.components.schemas
  Object.assign(Sibling?.properties?.url as Schema, { enum: [nowhere] })

  // A claim waits for tasks, up to a minute.
  Object.assign(fieldsOf(operation('post', '/v1/leases/claim')).wait as Schema, { maximum: 20 })

  Object.assign(fieldsOf(operation('post', '/v1/leases/watched')).wait as Schema, { maximum: 20 })

  // A worker acts only for itself, and says who it is in the path and in the body.
  const down = operation('post', '/worker_down/{instance_id}')
  for (const one of [operation('put', '/v1/workers/{id}'), down]) {
    Object.assign(one.parameters?.[0]?.schema as Schema, { enum: [worker] })
  }
  Object.assign(fieldsOf(down).id as Schema, { enum: [worker] })

  // Neither is a hash that some bytes have.
  Object.assign(fieldsOf(operation('put', '/v1/shared/{sha256}')).size as Schema, { minimum: 1 })
  for (const one of Object.values(copy.paths['/v1/shared/{sha256}/{part}'] ?? {})) {
    Object.assign(one.parameters?.[0]?.schema as Schema, { enum: [unknownHash] })
  }

  // What is random is never found.
  const ofTasks = Object.entries(copy.paths).filter(([path]) => path.startsWith('/v1/tasks/{id}'))
  for (const one of ofTasks.flatMap(([, methods]) => Object.values(methods))) {
    Object.assign(one.parameters?.[0]?.schema as Schema, { enum: taskIds })
  }
  return copy
}

/**
 * Without what schemas have no words for: names that can be together in a folder, and how much a worker
 * has. A wrong request may be right but for these.
 */
export function worded(document: Document): Document {
  const copy = structuredClone(document)
  const { properties = {} } = copy.components.schemas.JobDefinition?.properties?.job ?? {}
  delete properties.shared
  delete properties.needs
  return copy
}

function fieldsOf({ requestBody }: Operation): Record<string, Schema> {
  return requestBody?.content['application/json']?.schema.properties ?? {}
}
