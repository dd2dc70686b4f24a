/**
 * A second opinion: a real node is driven by its OpenAPI document, with right and wrong requests, by a program
 * that others wrote. Whatever it answers is what the document says.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { connect } from '../../src/api/client.ts'
import { packTasks } from '../../src/api/new-tasks.ts'
import { type Route, routes } from '../../src/api/routes.ts'
import { roles } from '../../src/core/tokens.ts'
import { it } from '../faults/node.ts'
import { sha512Task } from '../support/sha512-task.ts'
import { bounded, type Document, nowhere, taskIds, worded } from './bounded.ts'
import { drive, findSchemathesis } from './schemathesis.ts'

const program = findSchemathesis()

/** After these the node takes no tasks, or no token of this cluster: they come at the end. */
const last = ['drain', 'rotateSecret']

const mayCall = (role: string) => {
  const called = Object.entries<Route>(routes).filter(([name]) => !last.includes(name))
  // Each operation once: as an administrator if that is allowed, and if no token is needed.
  const whoOf = ({ roles: [first = 'admin', ...others] }: Route) =>
    others.includes('admin') ? 'admin' : first
  return called.filter(([, route]) => whoOf(route) === role).map(([name]) => name)
}

it.skipIf(!program)(
  'a node answers as its OpenAPI document says',
  { timeout: 400_000 },
  async ({ node }) => {
    const folder = mkdtempSync(join(tmpdir(), 'tm-openapi-'))
    try {
      const client = connect({ url: node.url, token: node.token() })
      const document = (await client.getDocument()) as unknown as Document
      const write = (name: string, content: unknown) => {
        const file = join(folder, name)
        writeFileSync(file, JSON.stringify(content))
        return file
      }
      const files = {
        positive: write('bounded.json', bounded(document, 'someone')),
        negative: write('openapi.json', worded(document)),
      }
      const made = taskIds
        .slice(0, -1)
        .map((id) => sha512Task({ id, iterations: 1, body: new Uint8Array() }))
      await client.enqueueTasks({ body: packTasks(made) })

      const runs = roles.map((role) => ({ role, operations: mayCall(role) }))
      for (const operation of last) runs.push({ role: 'admin', operations: [operation] })
      for (const { role, operations } of runs) {
        for (const mode of ['negative', 'positive'] as const) {
          const given = { folder, url: node.url, token: node.token(role), mode, operations }
          const found = await drive(program as string, { ...given, document: files[mode] })
          expect(found).toBeUndefined()
        }
      }
      // It has asked siblings, who are not there, to lend places for workers.
      expect(node.errors().filter((line) => !line.includes(nowhere))).toEqual([])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
)
