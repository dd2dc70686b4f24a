/** Frames survive any cutting of the stream; what is not a stream of frames is refused. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFrames, encodeFrames, type Frame, maxHeaderBytes } from '../../src/api/frames.ts'

async function* stream(pieces: Uint8Array<ArrayBuffer>[]) {
  yield* pieces
}

async function decode(pieces: Uint8Array<ArrayBuffer>[], maxBody = 1024): Promise<Frame[]> {
  const frames: Frame[] = []
  for await (const some of decodeFrames(stream(pieces), maxBody)) frames.push(...some)
  return frames
}

/** `bytes` in pieces that end at the given places. */
function cut(bytes: Uint8Array<ArrayBuffer>, places: number[]) {
  const ends = [...places.map((at) => at % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
}

function raw(header: string, body: Uint8Array, headerBytes = Buffer.byteLength(header)) {
  const prefix = Buffer.alloc(8)
  prefix.writeUInt32BE(headerBytes, 0)
  prefix.writeUInt32BE(body.length, 4)
  return Buffer.concat([prefix, Buffer.from(header), body])
}

const bodies = fc.uint8Array({ maxLength: 200 }).map((bytes) => new Uint8Array(bytes))
const headers = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.record({ id: fc.uuid() }))
const someFrames = fc.array(fc.record({ header: headers, body: bodies }), { maxLength: 6 })
/** What JSON keeps of a value: −0 becomes 0. */
const asJson = (frames: { header: unknown; body: Uint8Array }[]) =>
  frames.map(({ header, body }) => ({ header: JSON.parse(JSON.stringify(header)), body }))

const one = encodeFrames([{ header: { id: 'a' }, body: new Uint8Array([1, 2, 3]) }])

it('puts two big-endian lengths before a header and a body', () => {
  const frame = encodeFrames([{ header: { a: 1 }, body: new Uint8Array([255, 0]) }])
  expect(Buffer.from(frame).toString('latin1')).toBe('\0\0\0\x07\0\0\0\x02{"a":1}\xff\0')
})

it('decodes any frames, cut into any pieces, to the same frames', async () => {
  await fc.assert(
    fc.asyncProperty(someFrames, fc.array(fc.nat(), { maxLength: 12 }), async (frames, places) => {
      const whole = encodeFrames(frames)
      expect(await decode(cut(whole, places))).toEqual(asJson(frames))
    }),
    { numRuns: 300 },
  )
})

it('decodes a stream that comes byte by byte', async () => {
  const pieces = [...one].map((byte) => Uint8Array.of(byte))
  expect(await decode(pieces)).toEqual([{ header: { id: 'a' }, body: Uint8Array.of(1, 2, 3) }])
})

it('hands out as many frames at a time as a piece ends', async () => {
  const pieces = cut(encodeFrames(Array(3).fill({ header: 1, body: new Uint8Array(9) })), [20, 30])
  const counts: number[] = []
  for await (const some of decodeFrames(stream(pieces), 1024)) counts.push(some.length)
  expect(counts).toEqual([1, 2])
})

it('is an empty list for an empty stream, with or without empty pieces', async () => {
  expect(await decode([])).toEqual([])
  expect(await decode([new Uint8Array(), new Uint8Array()])).toEqual([])
  expect((await decodeFrames(null, 1024).next()).done).toBe(true)
})

describe('refuses', () => {
  it('a stream that ends inside a frame, wherever', async () => {
    for (let end = 1; end < one.length; end++) {
      const error = { code: 'invalid', message: expect.stringContaining('ends inside a frame') }
      await expect(decode([one.subarray(0, end)])).rejects.toMatchObject(error)
    }
  })

  it('a second frame that is not whole, after the first was given', async () => {
    const frames = decodeFrames(stream([one, one.subarray(0, 5)]), 1024)
    expect((await frames.next()).value).toMatchObject([{ header: { id: 'a' } }])
    await expect(frames.next()).rejects.toMatchObject({ code: 'invalid' })
  })

  it('a body over the limit, from its length alone', async () => {
    const prefix = raw('{}', new Uint8Array(1025)).subarray(0, 8)
    await expect(decode([prefix])).rejects.toMatchObject({ code: 'too_large' })
    const largest = raw('{}', new Uint8Array(1024))
    expect((await decode([largest]))[0]?.body.length).toBe(1024)
  })

  it('a header over 4 KiB, from its length alone', async () => {
    const prefix = raw('', new Uint8Array(), maxHeaderBytes + 1)
    await expect(decode([prefix])).rejects.toMatchObject({ code: 'invalid' })
    const text = JSON.stringify('x'.repeat(maxHeaderBytes - 2))
    expect(await decode([raw(text, new Uint8Array())])).toHaveLength(1)
  })

  it.each(['', '{', 'undefined', '{"a":}', "{'a':1}"])('the header %o', async (header) => {
    const error = { code: 'invalid', message: expect.stringContaining('not JSON') }
    await expect(decode([raw(header, new Uint8Array())])).rejects.toMatchObject(error)
  })

  it('what is text', async () => {
    await expect(decode([Buffer.from('{"tasks":[]}')])).rejects.toMatchObject({ code: 'invalid' })
  })
})

it('passes on the error of the stream', async () => {
  async function* broken() {
    yield one.subarray(0, 9)
    throw new Error('connection reset')
  }
  await expect(decodeFrames(broken(), 1024).next()).rejects.toThrow('connection reset')
})
