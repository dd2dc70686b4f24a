/**
 * Keeps account of standard output: each byte is written, or it is known why not. Node's own stream
 * drops the rest of a short write to a file, as on a disk that fills up, and says nothing.
 */
import { fstatSync, fsync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { getSystemErrorMessage, promisify } from 'node:util'
import { messageOf, TmError } from '../../core/errors.ts'
import type { Suggestion } from '../../core/suggestions.ts'
import { forTerminal } from '../output/terminal.ts'

type WriteError = NodeJS.ErrnoException

const account: {
  /** Written to a file or device; a pipe does not say how many it took. */
  bytes: number
  error?: WriteError
} = { bytes: 0 }

/**
 * From now on `process.stdout` reports no errors, because each library treats them in its own way.
 * `onError` is called once, with the error's code; whatever is written later is dropped.
 */
export function accountForStdout(onError: (code: string) => void): void {
  const stream: Writable = process.stdout
  const write = stream instanceof Socket ? throughSocket(stream) : toDescriptor
  const failed = (error: WriteError) => {
    if (account.error) return
    account.error = error
    onError(error.code ?? 'unknown')
  }
  stream._write = (chunk: Chunk, encoding, done) => {
    if (account.error) return done()
    write(chunk, encoding, (error) => {
      if (error) failed(error)
      done()
    })
  }
  Object.assign(stream, { _writev: undefined })
  stream.on('error', failed)
}

type Chunk = Buffer | string
type Done = (error?: WriteError | null) => void

/** Pipes, sockets and terminals: libuv writes all of it, or reports an error. */
function throughSocket(socket: Socket) {
  return socket._write.bind(socket)
}

const retryBusyMs = 5

/** Files and devices: as many calls as it takes. */
function toDescriptor(chunk: Chunk, encoding: BufferEncoding, done: Done): void {
  let rest = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
  try {
    while (rest.length > 0) {
      const count = writeSync(1, rest)
      account.bytes += count
      rest = rest.subarray(count)
    }
    done()
  } catch (error) {
    if ((error as WriteError).code !== 'EAGAIN') done(error as WriteError)
    else setTimeout(toDescriptor, retryBusyMs, rest, encoding, done)
  }
}

/** Writes bytes as they are. `false` if nobody reads them; throws if they can't be written. */
export async function writeBytes(bytes: Uint8Array): Promise<boolean> {
  await flushed(bytes)
  if (account.error && account.error.code !== 'EPIPE') throw notWritten()
  return account.error === undefined
}

/** Writes these texts in order; how many of them were written whole. */
export async function writeAll(texts: string[]): Promise<number> {
  const before = account.bytes
  const text = texts.join('')
  await flushed(process.stdout.isTTY ? forTerminal(text) : text)
  if (!account.error) return texts.length
  let left = account.bytes - before
  const cut = texts.findIndex((text) => {
    left -= Buffer.byteLength(text)
    return left < 0
  })
  return cut === -1 ? texts.length : cut
}

/**
 * Resolves when everything printed so far is written, a file also to its disk: `false` if nobody reads
 * it any more. Throws if it can't be written, with what the user should know then.
 */
export async function outputWritten(...then: Parameters<typeof notWritten>): Promise<boolean> {
  await flushed('')
  if (!account.error && account.bytes > 0) await syncFile()
  if (account.error && account.error.code !== 'EPIPE') throw notWritten(...then)
  return account.error === undefined
}

async function flushed(text: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => {
    process.stdout.write(text, (error) => {
      if (error) account.error ??= error
      resolve()
    })
  })
}

/** Some file systems notice only now that there is no space: NFS, and those with quotas. */
async function syncFile(): Promise<void> {
  try {
    if (fstatSync(1).isFile()) await promisify(fsync)(1)
  } catch (error) {
    const { code } = error as WriteError
    if (code !== 'EINVAL' && code !== 'ENOTSUP') account.error ??= error as WriteError
  }
}

/** The error of a command whose output can't be written. `detail`: what of it was written. */
export function notWritten(detail?: string, suggestions: Suggestion[] = []): TmError {
  const { error } = account
  const reason = error?.errno ? getSystemErrorMessage(error.errno) : messageOf(error)
  const message = `Standard output can't be written: ${reason}`
  return new TmError('failed', detail ? `${message}. ${detail}` : message, { suggestions })
}
