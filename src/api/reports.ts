/**
 * Encodes results for the way from a worker to the store: records in sequence. Only the worker and the
 * store look inside.
 *
 *   16 bytes        id of the task
 *   u32 big-endian  number of the attempt
 *   u32 big-endian  bytes of the result; the highest bit says that outputs follow it
 *   result          bytes, as the kind of work returns them
 *   u32 big-endian  bytes of the outputs, if they follow
 *   outputs         all of them, if they are small: they need no requests of their own
 */
import { TmError } from '../core/errors.ts'
import { idBytes } from '../core/task.ts'

export const resultsType = 'application/vnd.tm.results'

const keyBytes = 16
const headBytes = keyBytes + 8
const lengthBytes = 4
const outputsFollow = 0x8000_0000

export interface ResultReport {
  id: string
  attempt: number
  result: Uint8Array
  outputs?: Uint8Array<ArrayBuffer> | undefined
}

/** A packed report: the id as bytes. */
export interface PackedReport extends Omit<ResultReport, 'id'> {
  key: Buffer<ArrayBuffer>
}

export function packResults(reports: ResultReport[]): Uint8Array<ArrayBuffer> {
  const bytes = reports.reduce((sum, report) => sum + packedBytes(report), 0)
  const packed = Buffer.from(new ArrayBuffer(bytes))
  let at = 0
  for (const { id, attempt, result, outputs } of reports) {
    packed.set(idBytes(id), at)
    packed.writeUInt32BE(attempt, at + keyBytes)
    packed.writeUInt32BE(result.length + (outputs ? outputsFollow : 0), at + keyBytes + 4)
    packed.set(result, at + headBytes)
    at += headBytes + result.length
    if (outputs) {
      packed.writeUInt32BE(outputs.length, at)
      packed.set(outputs, at + lengthBytes)
      at += lengthBytes + outputs.length
    }
  }
  return new Uint8Array(packed.buffer)
}

/** The size of its record. */
export function packedBytes({ result, outputs }: Pick<ResultReport, 'result' | 'outputs'>): number {
  return headBytes + result.length + (outputs ? lengthBytes + outputs.length : 0)
}

/** Results are views of `packed`. Throws `invalid` if the last record is incomplete. */
export function unpackResults(packed: Uint8Array<ArrayBuffer>): PackedReport[] {
  const reports: PackedReport[] = []
  forEachRecord(packed, (whole, at, resultEnd, end) => {
    const report: PackedReport = {
      key: whole.subarray(at, at + keyBytes),
      attempt: whole.readUInt32BE(at + keyBytes),
      result: whole.subarray(at + headBytes, resultEnd),
    }
    if (end > resultEnd) report.outputs = whole.subarray(resultEnd + lengthBytes, end)
    reports.push(report)
  })
  return reports
}

/** Throws like `unpackResults`. */
export function countResults(packed: Uint8Array<ArrayBuffer>): number {
  let count = 0
  forEachRecord(packed, () => {
    count += 1
  })
  return count
}

function forEachRecord(
  packed: Uint8Array<ArrayBuffer>,
  visit: (whole: Buffer<ArrayBuffer>, at: number, resultEnd: number, end: number) => void,
): void {
  const whole = Buffer.from(packed.buffer, packed.byteOffset, packed.length)
  for (let at = 0; at < whole.length; ) {
    const start = at + headBytes
    if (start > whole.length) throw brokenOff()
    const length = whole.readUInt32BE(at + keyBytes + 4)
    const resultEnd = start + (length % outputsFollow)
    let end = resultEnd
    if (length >= outputsFollow) {
      if (resultEnd + lengthBytes > whole.length) throw brokenOff()
      end += lengthBytes + whole.readUInt32BE(resultEnd)
    }
    if (end > whole.length) throw brokenOff()
    visit(whole, at, resultEnd, end)
    at = end
  }
}

function brokenOff(): TmError {
  return new TmError('invalid', 'The results end inside a record')
}
