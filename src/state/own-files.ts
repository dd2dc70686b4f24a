/** Which files of a cluster's folder tm has made, and how to remove those and nothing else. */
import { type Dirent, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const draft = String.raw`(\.\d+\.[0-9a-f]{8})?`
/** Paths in the folder of a cluster. SQLite adds a suffix to the names of databases. */
const own = [
  `(cluster\\.json|intents\\.json|secret(\\.next)?|files\\.jsonl)${draft}`,
  String.raw`nodes/[^/]+/(log|queue\.[\w-]+|restore\.part[\w-]*|backup-[\da-f-]+\.db[\w-]*)`,
  `nodes/[^/]+/address\\.json${draft}`,
  `workers/[^/]+/(log|token${draft})`,
].map((pattern) => new RegExp(`^${pattern}$`))
/** The folder in which a worker runs commands, with whatever they have left in it. */
const workFolder = /^workers\/[^/]+\/work$/
const ownFolders = /^(nodes|workers)(\/[^/]+)?$/

/** Whether the folder is a cluster's: it holds a file of tm, or nothing at all. */
export function holdsCluster(folder: string): boolean {
  const files = filesIn(folder)
  return files !== undefined && (files.length === 0 || files.some(isOwn))
}

/** Removes what tm has made, and folders that are empty then. Returns the paths that are left. */
export function removeOwn(folder: string): string[] {
  const files = filesIn(folder)
  if (!files) return []
  for (const file of files.filter(isOwn)) {
    rmSync(join(folder, file), { force: true, recursive: workFolder.test(file) })
  }
  removeEmpty(folder, '')
  return files.filter((file) => !isOwn(file))
}

function isOwn(path: string): boolean {
  return own.some((pattern) => pattern.test(path)) || workFolder.test(path)
}

/** Paths below the folder; of a folder that is not ours only its name. Undefined without a folder. */
function filesIn(folder: string, below = ''): string[] | undefined {
  return entriesIn(join(folder, below))?.flatMap((entry) => {
    const path = join(below, entry.name)
    return isOwnFolder(entry, path) ? (filesIn(folder, path) ?? []) : [path]
  })
}

function removeEmpty(folder: string, below: string): void {
  for (const entry of entriesIn(join(folder, below)) ?? []) {
    const path = join(below, entry.name)
    if (isOwnFolder(entry, path)) removeEmpty(folder, path)
  }
  if (entriesIn(join(folder, below))?.length === 0) rmdirSync(join(folder, below))
}

function isOwnFolder(entry: Dirent, path: string): boolean {
  return entry.isDirectory() && ownFolders.test(path)
}

function entriesIn(folder: string): Dirent[] | undefined {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (['ENOENT', 'ENOTDIR'].includes(code)) return undefined
    throw error
  }
}
