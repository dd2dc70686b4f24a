/**
 * The log of a node or worker: JSON lines on stdout, and the last of them in memory. A stdout that can't
 * be written, as on a full disk, ends nobody's work: the lines are kept until it can.
 */
import { type Logger, multistream, pino } from 'pino'
import { createTail, type Tail } from './tail.ts'

const linesKept = 1000
/** What waits to be written; what does not fit is dropped. */
const maxWaiting = 1024 ** 2

/** `tail` is for whoever asks over the network. */
export function createLog(base: Record<string, string>): { log: Logger; tail: Tail } {
  const tail = createTail(linesKept)
  const kept = { write: tail.add }
  const stdout = pino.destination({ dest: 1, sync: true, maxLength: maxWaiting })
  stdout.on('error', () => {})
  const log = pino({ base }, multistream([{ stream: stdout }, { stream: kept }]))
  return { log, tail }
}
