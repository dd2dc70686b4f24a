/**
 * A node as a process of its own, with everything around it that a test of misuse needs: raw bytes
 * to its socket, a probe of `/healthz` that never stops asking, its memory, and its log.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { test } from 'vitest'
import { type Role, signToken } from '../../src/core/tokens.ts'

export type ServedNode = Awaited<ReturnType<typeof serveNode>>

const tm = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

/** A test with a node of its own that launches no workers; it is killed after it. */
export const it = test.extend<{ node: ServedNode }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of fixtures from it.
  node: async ({}, use) => {
    const node = await serveNode()
    try {
      await use(node)
    } finally {
      await node.close()
    }
  },
})

async function serveNode() {
  const dataDir = mkdtempSync(join(tmpdir(), 'tm-faults-'))
  const { PATH = '', HOME = '' } = process.env
  const args = ['node', 'serve', '--cluster', 'faults', '--max-workers', '0', '--port', '0']
  const child = spawn(process.execPath, [tm, ...args], {
    env: { PATH, HOME, TM_DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const pid = child.pid as number
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      log += text
    })
  }
  const folder = join(dataDir, 'clusters/faults')
  const address = join(folder, 'nodes/node-1/address.json')
  while (!existsSync(address)) {
    if (child.exitCode !== null) throw new Error(`the node ended with ${child.exitCode}: ${log}`)
    await sleep(20)
  }
  const { url } = JSON.parse(readFileSync(address, 'utf8')) as { url: string }
  const secret = new Uint8Array(Buffer.from(readFileSync(join(folder, 'secret'), 'utf8'), 'hex'))
  const token = (role: Role = 'admin') => signToken(secret, { role, subject: 'someone' })
  const port = Number(new URL(url).port)

  return {
    pid,
    /** Of the cluster. */
    folder,
    port,
    url,
    token,
    /** Lines of its log at the level of an error. */
    errors: () => log.split('\n').filter((line) => /"level":[56]0|^Error|^\s+at /.test(line)),
    /** Bytes of memory that it has in use. */
    memory: () => memoryOf(pid),
    open: () => open(port),
    /** Whether an ordinary task is taken in, as ever. */
    async works(): Promise<boolean> {
      const headers = { authorization: `Bearer ${token()}` }
      const answer = await fetch(`${url}/enqueue?iterations=1`, {
        method: 'PUT',
        headers,
        body: 'a',
      })
      return answer.status === 201
    },
    /** Memory of a node that has only just started says nothing. */
    async warmUp(): Promise<void> {
      for (let times = 0; times < 200; times += 1) await this.works()
    },
    probe: () => probe(url),
    async close(): Promise<void> {
      await kill(child)
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) * 1024
}

/** A connection for raw bytes. Being cut off is an expected end. */
async function open(port: number) {
  const socket = connect(port, '127.0.0.1').setMaxListeners(0)
  let heard = ''
  let counted = 0
  const seen: number[] = []
  let look = () => {}
  socket.setEncoding('latin1').on('data', (text) => {
    heard += text
    look()
  })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  void closed.then(() => look())
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  socket.on('error', () => {})
  // Goes on where it was: there may be hundreds of answers, each looked for when the next one comes.
  const statuses = () => {
    const pattern = /HTTP\/1\.1 (\d{3})/g
    pattern.lastIndex = counted
    for (let found = pattern.exec(heard); found; found = pattern.exec(heard)) {
      seen.push(Number(found[1]))
      counted = pattern.lastIndex
    }
    return [...seen]
  }
  return {
    socket,
    closed,
    heard: () => heard,
    /** Of the answers so far. */
    statuses,
    /** Resolves when there are so many, or the connection is closed. */
    answers: (count: number) =>
      new Promise<void>((resolve) => {
        look = () => {
          if (socket.destroyed || statuses().length >= count) resolve()
        }
        look()
      }),
  }
}

export type Raw = Awaited<ReturnType<typeof open>>

/** Until a second has passed in which none of them has heard anything. */
export async function untilQuiet(raws: Raw[]): Promise<void> {
  const total = () => raws.reduce((sum, { heard }) => sum + heard().length, 0)
  for (let before = -1; before !== total(); ) {
    before = total()
    await sleep(1000)
  }
}

/** As much as the socket takes; false once it is cut off. */
export async function write(socket: Socket, bytes: string | Uint8Array): Promise<boolean> {
  if (socket.destroyed || !socket.writable) return false
  if (socket.write(bytes)) return true
  await new Promise<void>((resolve) => {
    socket.once('drain', resolve)
    socket.once('close', () => resolve())
  })
  return !socket.destroyed
}

/** Asks for `/healthz` every 100 ms, on a connection of its own; says what the slowest answer took. */
function probe(url: string) {
  const agent = new Agent({ keepAlive: true })
  const ended = new AbortController()
  let slowest = 0
  const ask = () =>
    new Promise<void>((resolve, reject) => {
      const begun = performance.now()
      const done = () => {
        slowest = Math.max(slowest, performance.now() - begun)
        resolve()
      }
      get(`${url}/healthz`, { agent }, (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`/healthz: ${answer.statusCode}`))
        answer.resume().once('end', done)
      }).once('error', reject)
    })
  const asking = (async () => {
    while (!ended.signal.aborted) {
      await ask()
      await sleep(100)
    }
  })()
  asking.catch(() => {})
  return {
    /** Milliseconds. Throws when an answer was no answer. */
    async end(): Promise<number> {
      ended.abort()
      await asking
      agent.destroy()
      return slowest
    },
  }
}
