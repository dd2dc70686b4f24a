/**
 * Unpacks the archive of a shared folder. It comes from whoever submitted the job: nothing in it may
 * lead out of the folder, neither by a name nor through a link.
 */
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { isAbsolute, join, posix } from 'node:path'
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar'
import { isIn, problemOfName } from '../../../../kinds/command/shared.ts'
import { markOf, type Tree, type TreeNode } from './tree.ts'

/** The archive is not one that a worker unpacks: another worker would not either. */
export class BadArchive extends Error {}

/** Makes the folder, which must not exist, with all that is in the archive. Throws `BadArchive`. */
export async function extract(
  bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
  path: string,
): Promise<Tree> {
  mkdirSync(path, { mode: 0o755 })
  const nodes = new Map<string, TreeNode>()
  const source = watched(bytes)
  const entries = ReadableStream.from(source.bytes).pipeThrough(createTarDecoder({ strict: true }))
  try {
    for await (const entry of entries) {
      const node = await write(path, entry, nodes)
      nodes.set(node.name, node)
    }
  } catch (error) {
    // What the network or the disk did is not the archive's fault.
    if (error instanceof BadArchive || source.failed() || isOfSystem(error)) throw error
    throw new BadArchive((error as Error).message)
  }
  const links = [...nodes.values()].filter((node) => node.kind === 'link')
  for (const { name, target } of links) symlinkSync(target, join(path, name))
  return { path, nodes: [...nodes.values()] }
}

function watched(bytes: AsyncIterable<Uint8Array<ArrayBuffer>>) {
  let failed = false
  async function* pass() {
    try {
      yield* bytes
    } catch (error) {
      failed = true
      throw error
    }
  }
  return { bytes: pass(), failed: () => failed }
}

async function write(
  root: string,
  { header, body }: ParsedTarEntry,
  nodes: ReadonlyMap<string, TreeNode>,
): Promise<TreeNode> {
  const name = header.name.replace(/\/$/, '')
  const problem = problemOfName(name)
  if (problem !== undefined) throw new BadArchive(`the name "${name.slice(0, 100)}": ${problem}`)
  refuseClash(name, nodes)
  const path = join(root, name)
  if (header.type === 'directory') {
    mkdirSync(path, { mode: 0o755 })
    await body.cancel()
    return { kind: 'dir', name }
  }
  if (header.type === 'symlink') {
    await body.cancel()
    return { kind: 'link', name, target: checkTarget(name, header.linkname ?? '') }
  }
  if (header.type !== 'file') throw new BadArchive(`${name} is a ${header.type}`)
  await writeFile(path, body)
  chmodSync(path, (header.mode ?? 0) & 0o111 ? 0o555 : 0o444)
  return { kind: 'file', name, mark: markOf(path) }
}

/** Every name once, and below folders only. The archives of `tm` name each folder before its files. */
function refuseClash(name: string, nodes: ReadonlyMap<string, TreeNode>): void {
  if (nodes.has(name)) throw new BadArchive(`${name} is in it twice`)
  const above = posix.dirname(name)
  if (above !== '.' && nodes.get(above)?.kind !== 'dir') {
    throw new BadArchive(`${name} is not in a folder of it`)
  }
}

function checkTarget(name: string, target: string): string {
  const inside = posix.join(posix.dirname(name), target)
  const leadsOut = target === '' || isAbsolute(target) || isIn(inside, '..')
  if (leadsOut) throw new BadArchive(`${name} is a link out of it: ${target.slice(0, 100)}`)
  return target
}

async function writeFile(path: string, body: ReadableStream<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const piece of body) await file.writeFile(piece)
  } finally {
    await file.close()
  }
}

function isOfSystem(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).errno === 'number'
}
