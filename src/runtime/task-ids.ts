/**
 * Ids of tasks that arrive one by one: UUIDv7, each greater than the one before (RFC 9562, 6.2). Their
 * random bytes are fetched for many at a time, because `uuid` asks the kernel for each id, which takes
 * a tenth of the time of a small request.
 */
import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

const bytesOfId = 16
const idsAtOnce = 256

export function createTaskIds(now: () => number = Date.now): () => string {
  const pool = Buffer.alloc(bytesOfId * idsAtOnce)
  let used = pool.length
  let msecs = 0
  let seq = 0

  function random(): Buffer {
    if (used === pool.length) {
      randomFillSync(pool)
      used = 0
    }
    used += bytesOfId
    return pool.subarray(used - bytesOfId, used)
  }

  return () => {
    const bytes = random()
    const wall = now()
    // 31 bits to begin with, so that a millisecond has room for 2³¹ more. A clock that goes back is ignored.
    if (wall > msecs) seq = bytes.readUInt32BE(0) >>> 1
    else seq += 1
    msecs = Math.max(msecs, wall)
    return v7({ msecs, seq, random: bytes })
  }
}
