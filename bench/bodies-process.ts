/** Large bodies for a node, in a process of its own: `node bench/bodies-process.ts JSON` */
import { Readable } from 'node:stream'
import { v7 } from 'uuid'
import { encodeFrames, framesType } from '../src/api/frames.ts'

export interface BodiesOptions {
  url: string
  token: string
  /** One stream of files, or single bodies, four at a time. */
  kind: 'stream' | 'single'
  /** Bytes of a body. */
  size: number
  count: number
}

const { url, token, kind, size, count } = JSON.parse(process.argv[2] ?? '{}') as BodiesOptions
const headers = { authorization: `Bearer ${token}`, 'content-type': framesType }
const filesAtOnce = 64
const lanes = 4

async function* files(): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < count; done += filesAtOnce) {
    yield encodeFrames(
      Array.from({ length: filesAtOnce }, () => {
        return { header: { id: v7(), iterations: 1 }, body: new Uint8Array(size).fill(done) }
      }),
    )
  }
}

async function send(path: string, init: object): Promise<void> {
  const response = await fetch(`${url}${path}`, { headers, ...init })
  const text = await response.text()
  if (!response.ok) throw new Error(text)
}

if (kind === 'stream') {
  const body = Readable.toWeb(Readable.from(files()))
  await send('/v1/tasks', { method: 'POST', body, duplex: 'half' })
} else {
  const body = new Uint8Array(size).fill(7)
  let left = count
  const lane = async () => {
    for (; left > 0; left -= 1) await send('/enqueue?iterations=1', { method: 'PUT', body })
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
