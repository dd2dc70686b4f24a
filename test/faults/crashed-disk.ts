/**
 * A folder as a crash of the operating system may leave it. What was synced is there. For every
 * other block of 4096 bytes chance decides: the system may have written it back early, in any of
 * its versions since the last sync, or never.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Chance } from './chance.ts'
import type { Step } from './system-calls.ts'

const blockBytes = 4096

type Change = Extract<Step, { kind: 'write' | 'truncate' }>
type Entry = Extract<Step, { kind: 'create' | 'unlink' }> & { inode: Inode }

interface Piece {
  at: number
  bytes: Buffer
}

interface Inode {
  synced: Buffer
  pending: Change[]
}

export class CrashedDisk {
  /** Names as the process sees them, and names that are certain to exist after a crash. */
  #names = new Map<string, Inode>()
  #syncedNames = new Map<string, Inode>()
  #pendingNames: Entry[] = []

  apply(step: Step): void {
    if (step.kind === 'said') return
    const inode = this.#names.get(step.file)
    if (step.kind === 'sync') {
      if (step.file === '') this.#syncNames()
      else if (inode) sync(inode)
    } else if (step.kind === 'create') {
      if (inode) return
      const made = { synced: Buffer.alloc(0), pending: [] }
      this.#names.set(step.file, made)
      this.#pendingNames.push({ ...step, inode: made })
    } else if (!inode) {
      throw new Error(`${step.kind} of ${step.file}, which does not exist`)
    } else if (step.kind === 'unlink') {
      this.#names.delete(step.file)
      this.#pendingNames.push({ ...step, inode })
    } else inode.pending.push(step)
  }

  /** Writes into an empty folder what a crash at this point may leave. */
  crash(folder: string, chance: Chance): void {
    const names = new Map(this.#syncedNames)
    // The file system's own journal keeps the order of names.
    for (const entry of this.#pendingNames.slice(0, chance.below(this.#pendingNames.length + 1))) {
      rename(names, entry)
    }
    // None of it, all of it, or some: mixed cases are rarer, and more likely to reveal an error.
    const kept = chance.pick([
      () => 0,
      (most: number) => most,
      (most: number) => chance.below(most + 1),
    ])
    for (const [name, { synced, pending }] of names) {
      writeFileSync(join(folder, name), surviving(synced, pending, kept))
    }
  }

  #syncNames(): void {
    for (const entry of this.#pendingNames) rename(this.#syncedNames, entry)
    this.#pendingNames = []
  }
}

function rename(names: Map<string, Inode>, { kind, file, inode }: Entry): void {
  if (kind === 'create') names.set(file, inode)
  else names.delete(file)
}

function sync(inode: Inode): void {
  let content = inode.synced
  for (const change of inode.pending) content = changed(content, change)
  inode.synced = content
  inode.pending = []
}

function sized(content: Buffer, size: number): Buffer {
  if (size <= content.length) return content.subarray(0, size)
  return Buffer.concat([content, Buffer.alloc(size - content.length)])
}

function changed(content: Buffer, change: Change): Buffer {
  if (change.kind === 'truncate') return sized(content, change.size)
  const { at, bytes } = change
  const next = at + bytes.length > content.length ? sized(content, at + bytes.length) : content
  bytes.copy(next, at)
  return next
}

/** How many of a file's `pending` changes have reached its size and each of its blocks. */
function surviving(synced: Buffer, pending: Change[], kept: (most: number) => number): Buffer {
  let content: Buffer = Buffer.from(synced)
  for (const change of pending.slice(0, kept(pending.length))) {
    const { kind } = change
    const end = kind === 'truncate' ? change.size : change.at + change.bytes.length
    if (kind === 'truncate' || end > content.length) content = sized(content, end)
  }
  for (const pieces of blocksOf(pending).values()) {
    for (const { at, bytes } of pieces.slice(0, kept(pieces.length))) {
      if (at < content.length) bytes.copy(content, at)
    }
  }
  return content
}

/** The versions of each block, in order. */
function blocksOf(pending: Change[]): Map<number, Piece[]> {
  const blocks = new Map<number, Piece[]>()
  for (const change of pending) {
    for (const piece of change.kind === 'write' ? piecesOf(change) : []) {
      const block = Math.floor(piece.at / blockBytes)
      const before = blocks.get(block)
      if (before) before.push(piece)
      else blocks.set(block, [piece])
    }
  }
  return blocks
}

function piecesOf({ at, bytes }: Piece): Piece[] {
  const pieces: Piece[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = Math.min(bytes.length, start + blockBytes - ((at + start) % blockBytes))
    pieces.push({ at: at + start, bytes: bytes.subarray(start, end) })
    start = end
  }
  return pieces
}
