/** What travels between the node's thread and the store's. One message carries all of one turn. */
import { isErrorCode, TmError } from '../../../core/errors.ts'
import type { StoreMethod } from './methods.ts'

export interface Call {
  /** Given by the caller; the reply has the same number. */
  number: number
  method: StoreMethod | 'copyTo' | 'close'
  args: unknown[]
}

export type Reply = { number: number; value: unknown } | { number: number; error: unknown }

/** The first message of the store's thread. */
export type Opening = { ready: true } | { ready: false; error: unknown }

export interface ThreadData {
  folder: string
}

/** An error as it travels. SQLite's codes (sqlite.org/rescode.html): 13 is FULL. */
export function toMessage(error: unknown): unknown {
  if (error instanceof TmError) return error.toJSON()
  const { errcode, code } = error as { errcode?: number; code?: string }
  if ((errcode !== undefined && (errcode & 0xff) === 13) || code === 'ENOSPC') {
    return new TmError('storage_full', 'The disk of this node is full: nothing was stored', {
      suggestions: ['Free space on the disk of the node, then try again.'],
    }).toJSON()
  }
  return error
}

/** The error on the other side: between threads a `TmError` loses its class. */
export function fromMessage(error: unknown): unknown {
  const { code, message, suggestions } = error as Partial<TmError>
  return isErrorCode(code) ? new TmError(code, message ?? '', { suggestions }) : error
}
