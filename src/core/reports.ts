/**
 * Results on their way from a worker to the store: records of 84 bytes, one after the other, that
 * nothing between them looks into.
 *
 *   16 bytes        id of the task
 *   u32 big-endian  number of the attempt
 *   64 bytes        the result
 */
import { TmError } from './errors.ts'
import { idBytes, resultBytes } from './task.ts'

export const resultsType = 'application/vnd.tm.results'

const keyBytes = 16
const recordBytes = keyBytes + 4 + resultBytes

export interface ResultReport {
  id: string
  attempt: number
  /** 64 bytes. */
  result: Uint8Array
}

/** A report as it was packed: the id as its bytes. */
export interface PackedReport extends Omit<ResultReport, 'id'> {
  key: Buffer<ArrayBuffer>
}

export function packResults(reports: ResultReport[]): Uint8Array<ArrayBuffer> {
  const packed = Buffer.from(new ArrayBuffer(reports.length * recordBytes))
  for (const [index, { id, attempt, result }] of reports.entries()) {
    const at = index * recordBytes
    packed.set(idBytes(id), at)
    packed.writeUInt32BE(attempt, at + keyBytes)
    packed.set(result, at + keyBytes + 4)
  }
  return new Uint8Array(packed.buffer)
}

/** How many there are. Throws `invalid` when the last one is not whole. */
export function countResults(packed: Uint8Array): number {
  if (packed.length % recordBytes === 0) return packed.length / recordBytes
  throw new TmError('invalid', `Results come in records of ${recordBytes} bytes`)
}

/** As views. */
export function unpackResults(packed: Uint8Array<ArrayBuffer>): PackedReport[] {
  return Array.from({ length: countResults(packed) }, (_, index) => {
    const record = Buffer.from(packed.buffer, packed.byteOffset + index * recordBytes, recordBytes)
    return {
      key: record.subarray(0, keyBytes),
      attempt: record.readUInt32BE(keyBytes),
      result: record.subarray(keyBytes + 4),
    }
  })
}
