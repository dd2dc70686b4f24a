/** Sends and receives bodies piece by piece, so that their progress can be watched. */
import { messageOf, TmError } from '../core/errors.ts'
import { concat } from './frames.ts'

/** Small enough that a piece takes less than the shortest time limit over a slow line. */
const pieceBytes = 64 * 1024

/** The request, with a large body in pieces. `onSent` is called when the system has taken a piece. */
export function inPieces(request: RequestInit, onSent: (bytes: number) => void): RequestInit {
  const body = bytesOf(request.body)
  if (body === undefined || body.length <= pieceBytes) return request
  let at = 0
  let pulled = 0
  const pieces = new ReadableStream<Uint8Array>(
    {
      // Called when the piece before is gone.
      pull(stream) {
        if (pulled > 0) onSent(pulled)
        const piece = body.subarray(at, at + pieceBytes)
        at += piece.length
        pulled = piece.length
        if (piece.length > 0) stream.enqueue(piece)
        else stream.close()
      },
    },
    { highWaterMark: 0 },
  )
  const headers = new Headers(request.headers)
  headers.set('content-length', String(body.length))
  return { ...request, headers, body: pieces, duplex: 'half' } as RequestInit
}

function bytesOf(body: RequestInit['body']): Uint8Array | undefined {
  if (body instanceof Uint8Array) return body
  return typeof body === 'string' && body.length > pieceBytes ? Buffer.from(body) : undefined
}

/** If the connection breaks during the answer, there is no answer. */
export async function readAll(
  response: Response,
  onReceived: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = []
  try {
    const reader = response.body?.getReader()
    for (;;) {
      const next = await reader?.read()
      if (!next || next.done) return concat(pieces)
      onReceived(next.value.length)
      pieces.push(next.value)
    }
  } catch (error) {
    // The status alone says that the request failed.
    if (!response.ok) return new Uint8Array()
    throw new TmError('unreachable', `The answer was interrupted: ${messageOf(error)}`, {
      cause: error,
    })
  }
}
