/** A node that answers only what it is told to, and keeps every other request waiting. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { clusterState } from '../../src/state/cluster-state.ts'

/** By method and path, such as `GET /v1/settings`. */
export type Answers = Record<string, () => { status?: number; json: object } | undefined>

export type StubNode = Awaited<ReturnType<typeof stubNode>>

/** Saved as the only node of cluster `default`. */
export async function stubNode(dataDir: string) {
  let answers: Answers = {}
  let onWaiting = (_path: string) => {}
  const server = createServer((request, response) => {
    const path = `${request.method} ${request.url?.split('?')[0]}`
    request.resume().on('end', () => {
      const answer = answers[path]?.()
      if (!answer) return onWaiting(path)
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(answer.json))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const state = clusterState(dataDir, 'default')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    state,
    /** Writes down again what this machine remembers of the cluster. */
    save() {
      state.create()
      const nodes = [{ id: 'node-1', url }]
      state.write({ cluster: 'default', provider: 'local', nodes, createdAt: 0 })
    },
    /** From now on; `waiting` is called with each request that gets no answer. */
    answer(given: Answers, waiting: (path: string) => void = () => {}) {
      answers = given
      onWaiting = waiting
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
