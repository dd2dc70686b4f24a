/**
 * Fetches the outputs of a task: each file through a part file and a rename, so that under its name
 * there is never half of it.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  createReadStream,
  fsync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Task } from '../../api/client.ts'
import { TmError } from '../../core/errors.ts'
import type { NodeLink } from '../../state/cluster-nodes.ts'
import { targetOf } from './targets.ts'

export interface FetchOptions {
  node: NodeLink
  task: Task
  /** Where the files go. */
  folder: string
  /** All outputs, if they are here already. */
  bytes?: Uint8Array | undefined
  /** Replace files with other content. */
  overwrite: boolean
}

/** Only the last part is smaller. */
const outputPartBytes = 1024 ** 2

type Output = NonNullable<Task['outputs']>[number]

/** Returns the paths of the files. Throws `conflict` if there is another file under a name. */
export async function fetchOutputs({ node, task, bytes, folder, overwrite }: FetchOptions) {
  const { outputs = [] } = task
  const reader = createReader(node, task.id, bytes)
  const paths: string[] = []
  for (const output of outputs) {
    const path = targetOf(folder, output.name)
    await alone(path, async () => {
      const here = statSync(path, { throwIfNoEntry: false })
      if (here && (await isSame(path, here, output))) return await reader.skip(output.size)
      if (here && !overwrite) throw exists(path)
      await writeWhole(path, output, reader.take(output.size))
    })
    paths.push(path)
  }
  return paths
}

const busy = new Map<string, Promise<void>>()

/** Two tasks may leave files of one name, such as by a glob: the second finds that of the first. */
async function alone(path: string, work: () => Promise<void>): Promise<void> {
  const mine = (busy.get(path) ?? Promise.resolve()).then(work)
  const settled = mine.catch(() => {})
  busy.set(path, settled)
  try {
    await mine
  } finally {
    if (busy.get(path) === settled) busy.delete(path)
  }
}

/** All outputs of a task, one after the other, as bytes: for stdout. */
export async function* outputBytes({
  node,
  task,
  bytes,
}: Pick<FetchOptions, 'node' | 'task' | 'bytes'>): AsyncGenerator<Uint8Array> {
  yield* createReader(node, task.id, bytes).take(sizeOf(task))
}

/** Of all outputs of a task. */
export function sizeOf({ outputs = [] }: Task): number {
  return outputs.reduce((sum, { size }) => sum + size, 0)
}

/** The outputs from one byte of their sequence to another. */
export async function* readOutputs(
  { client }: NodeLink,
  id: string,
  from: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  for (let at = from; at < end; ) {
    const part = Math.floor(at / outputPartBytes)
    const bytes = await client.readOutput({ params: { id, part }, retries: 5 })
    const start = at - part * outputPartBytes
    const piece = bytes.subarray(start, start + end - at)
    if (piece.length === 0) throw new TmError('internal', `The outputs of task ${id} break off`)
    at += piece.length
    yield piece
  }
}

/** Reads the outputs as one sequence, part by part, unless they are here already. */
function createReader({ client }: NodeLink, id: string, here?: Uint8Array) {
  let rest: Uint8Array = here ?? new Uint8Array()
  let next = 0

  async function more(): Promise<void> {
    rest = await client.readOutput({ params: { id, part: next }, retries: 5 })
    next += 1
    if (rest.length === 0) throw new TmError('internal', `The outputs of task ${id} break off`)
  }

  async function* take(size: number): AsyncGenerator<Uint8Array> {
    for (let left = size; left > 0; ) {
      if (rest.length === 0) await more()
      const piece = rest.subarray(0, left)
      rest = rest.subarray(piece.length)
      left -= piece.length
      yield piece
    }
  }

  return {
    take,
    async skip(size: number): Promise<void> {
      for await (const _ of take(size));
    },
  }
}

/** What is smaller is read and written at once: another thread would take longer. */
const smallBytes = 64 * 1024

async function isSame(path: string, here: Stats, { size, sha256 }: Output): Promise<boolean> {
  if (!here.isFile() || here.size !== size) return false
  const hash = createHash('sha256')
  if (size <= smallBytes) hash.update(readFileSync(path))
  else for await (const piece of createReadStream(path)) hash.update(piece)
  return hash.digest('hex') === sha256
}

async function writeWhole(
  path: string,
  { sha256, mode, name, size }: Output,
  bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
  const folder = dirname(path)
  mkdirSync(folder, { recursive: true })
  const part = join(folder, `.${basename(path)}.tm-part`)
  const hash = createHash('sha256')
  async function* hashed() {
    for await (const piece of bytes) {
      hash.update(piece)
      yield piece
    }
  }
  try {
    await (size <= smallBytes ? writeSmall : writeLarge)(part, mode & 0o777, hashed())
    if (hash.digest('hex') !== sha256) {
      throw new TmError('internal', `The output ${name} arrived with other bytes than it had`)
    }
    renameSync(part, path)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

const fsyncLater = promisify(fsync)

/** Only the sync waits for the disk: those of several files go together. */
async function writeSmall(
  part: string,
  mode: number,
  bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
  const file = openSync(part, 'w', mode)
  try {
    for await (const piece of bytes) writeFileSync(file, piece)
    await fsyncLater(file)
  } finally {
    closeSync(file)
  }
}

async function writeLarge(
  part: string,
  mode: number,
  bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
  await using file = await open(part, 'w', mode)
  for await (const piece of bytes) await file.writeFile(piece)
  await file.sync()
}

function exists(path: string): TmError {
  return new TmError('conflict', `${path} exists, with other content`)
}
