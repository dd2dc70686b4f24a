/** Shared files on their way to nodes: what is sent, what is not, and what changes meanwhile. */
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connect } from '../../../../src/api/client.ts'
import { partsOf } from '../../../../src/cli/jobs/shared/parts.ts'
import { sendShared } from '../../../../src/cli/jobs/shared/send.ts'
import { readShared } from '../../../../src/cli/jobs/shared/source.ts'
import { TmError } from '../../../../src/core/errors.ts'
import { signToken } from '../../../../src/core/tokens.ts'
import { createTestNode, secret, type TestNode } from '../../../node/harness.ts'
import { silentReporter } from '../../../support/silent-reporter.ts'

const mib = 1024 ** 2
const said: string[] = []
const reporter = { ...silentReporter, say: (text: string) => void said.push(text) }

let folder: string
let node: TestNode
let server: Server
beforeEach(async () => {
  said.length = 0
  folder = mkdtempSync(join(tmpdir(), 'tm-send-'))
  node = await createTestNode()
  server = createServer(node.listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await node.close()
  rmSync(folder, { recursive: true })
})

function linkTo(id: string, port = (server.address() as AddressInfo).port) {
  const url = `http://127.0.0.1:${port}`
  const token = signToken(secret, { role: 'admin', subject: 'test' })
  return { id, url, client: connect({ url, token }) }
}

async function sourceOf(name: string, content: Uint8Array | string) {
  const path = join(folder, name)
  writeFileSync(path, content)
  const [source] = await readShared([{ kind: 'file', path, name }], reporter)
  if (!source) throw new Error('no source')
  return source
}

describe('shared files', () => {
  it('are sent to a node once, whoever sends them again', async () => {
    const sources = [
      await sourceOf('large', Buffer.alloc(2 * mib + 1, 'x')),
      await sourceOf('empty', ''),
      await sourceOf('copy', Buffer.alloc(2 * mib + 1, 'x')),
    ]
    const link = linkTo('node-1')
    expect(await sendShared([link], sources, reporter)).toEqual([link])
    expect(node.shared.traffic().received).toBe(2 * mib + 1)
    expect(await sendShared([link], sources, reporter)).toEqual([link])
    expect(node.shared.traffic().received).toBe(2 * mib + 1)
  })

  it('that change after they were read are refused, whether they grow, shrink or neither', async () => {
    const changes: Record<string, (path: string) => void> = {
      'other bytes': (path) => writeFileSync(path, Buffer.alloc(mib + 5, 'y')),
      shorter: (path) => truncateSync(path, mib),
      empty: (path) => truncateSync(path, 0),
    }
    for (const [what, change] of Object.entries(changes)) {
      const source = await sourceOf(what, Buffer.alloc(mib + 5, what))
      change(source.path)
      const sending = sendShared([linkTo('node-1')], [source], reporter)
      await expect(sending, what).rejects.toMatchObject({
        code: 'invalid',
        message: `${source.path} changed while it was sent`,
      })
    }
    // What has been added at the end is not what was read.
    const source = await sourceOf('longer', Buffer.alloc(mib + 5, 'longer'))
    appendFileSync(source.path, 'more')
    await sendShared([linkTo('node-1')], [source], reporter)
    const { sha256 } = source.file
    expect((await node.store.shared.readShared(sha256, 1))?.length).toBe(5)
  })

  it('leave out a node that does not answer, unless there is no other', async () => {
    const source = await sourceOf('x', 'x')
    const link = linkTo('node-1')
    const away = { ...linkTo('node-2'), client: { ...link.client, openShared: noAnswer } }
    expect(await sendShared([away, link], [source], reporter)).toEqual([link])
    expect(said).toEqual(['Warning: node-2 is left out: nobody answers'])
    await expect(sendShared([away], [source], reporter)).rejects.toThrow('nobody answers')
  })
})

async function noAnswer(): Promise<never> {
  throw new TmError('unreachable', 'nobody answers')
}

describe('the parts of what is read', () => {
  async function cut(sizes: number[], size: number, wanted: number[]) {
    async function* pieces() {
      let next = 0
      for (const length of sizes) {
        yield new Uint8Array(length).map(() => next++ % 256)
      }
    }
    const parts: [number, number, number | undefined][] = []
    for await (const { part, body } of partsOf(pieces(), size, new Set(wanted))) {
      parts.push([part, body.length, body[0]])
    }
    return parts
  }

  it('have their size, however it is read, and only the wanted ones are made', async () => {
    const expected = [
      [0, mib, 0],
      [1, mib, 0],
      [2, 3, 0],
    ]
    expect(await cut([2 * mib + 3], 2 * mib + 3, [0, 1, 2])).toEqual(expected)
    expect(await cut([10, mib, mib - 10, 1, 2], 2 * mib + 3, [0, 1, 2])).toEqual(expected)
    expect(await cut([2 * mib + 3], 2 * mib + 3, [2])).toEqual(expected.slice(2))
    expect(await cut([mib, mib], 2 * mib, [0, 1])).toEqual(expected.slice(0, 2))
    expect(await cut([5, 5], 3, [0])).toEqual([[0, 3, 0]])
    expect(await cut([], 0, [])).toEqual([])
  })
})
