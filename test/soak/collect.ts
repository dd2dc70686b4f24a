/**
 * Makes a process collect its garbage, in all of its threads, through Node's inspector: what it holds
 * afterwards is what it needs. V8 lets heaps grow by hundreds of MiB before it looks by itself.
 */
import { setTimeout as sleep } from 'node:timers/promises'

/** Where SIGUSR1 opens it: one process at a time. */
const place = 'http://127.0.0.1:9229/json/list'
const patience = 10_000

interface Message {
  id?: number
  method?: string
  result?: unknown
  params?: { sessionId?: string; message?: string }
}

export async function collectGarbage(pid: number): Promise<void> {
  process.kill(pid, 'SIGUSR1')
  const inspector = await connect(await address())
  try {
    const { call, threads } = inspector
    await call('NodeWorker.enable', { waitForDebuggerOnStart: false })
    // The threads that there are come as events.
    await sleep(300)
    for (const sessionId of threads) {
      const message = JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' })
      const collected = inspector.answerOf(sessionId)
      await call('NodeWorker.sendMessageToWorker', { sessionId, message })
      await collected
    }
    await call('HeapProfiler.collectGarbage')
    // The place is free for the next process then. There is no answer.
    const close = "setTimeout(() => process.getBuiltinModule('inspector').close())"
    await call('Runtime.evaluate', { expression: close })
  } finally {
    inspector.close()
  }
  await sleep(1000)
}

async function address(): Promise<string> {
  const end = performance.now() + patience
  for (;;) {
    try {
      const [first] = (await (await fetch(place)).json()) as { webSocketDebuggerUrl: string }[]
      if (first) return first.webSocketDebuggerUrl
    } catch (error) {
      if (performance.now() > end) throw new Error(`No inspector at ${place}`, { cause: error })
    }
    await sleep(50)
  }
}

async function connect(url: string) {
  const socket = new WebSocket(url)
  const threads: string[] = []
  const waiting = new Map<number | string, () => void>()
  const signal = AbortSignal.timeout(patience)
  let last = 0

  /** Until the answer with this number, or of this thread. */
  function answerOf(key: number | string): Promise<void> {
    return new Promise((resolve, reject) => {
      waiting.set(key, resolve)
      signal.addEventListener('abort', () => reject(new Error('The inspector does not answer')))
    })
  }

  socket.addEventListener('message', ({ data }) => {
    const { id, method, params } = JSON.parse(String(data)) as Message
    if (method === 'NodeWorker.attachedToWorker' && params?.sessionId)
      threads.push(params.sessionId)
    const isOfThread = method === 'NodeWorker.receivedMessageFromWorker'
    waiting.get((isOfThread ? params?.sessionId : id) ?? 0)?.()
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })

  return {
    threads,
    answerOf,
    call(method: string, params: object = {}): Promise<void> {
      last += 1
      socket.send(JSON.stringify({ id: last, method, params }))
      return answerOf(last)
    },
    close: () => socket.close(),
  }
}
