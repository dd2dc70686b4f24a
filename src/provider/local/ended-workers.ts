/**
 * The folders of workers that have ended. A node launches thousands in its life: their tokens go, and of
 * their logs the newest stay, for longer if they tell of a failure.
 */
import { readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { endedWell } from './log-tail.ts'

const keptWell = 3
const keptFailed = 20
/** A folder that was written to a moment ago may be that of a worker that is being launched. */
const restMs = 60_000

interface Ended {
  folder: string
  /** Wall-clock milliseconds of the last change. */
  changedAt: number
}

/** `running`: ids that are in the process table. Other nodes of the cluster may prune as well. */
export function pruneWorkers(workers: string, running: ReadonlySet<string>, now = Date.now()) {
  const ended = foldersIn(workers)
    .filter((id) => !running.has(id))
    .flatMap((id) => readEnded(join(workers, id)))
    .filter(({ changedAt }) => now - changedAt > restMs)
    .sort((a, b) => b.changedAt - a.changedAt)
  for (const { folder } of ended) rmSync(join(folder, 'token'), { force: true })
  const { well = [], failed = [] } = Object.groupBy(ended, ({ folder }) =>
    endedWell(folder) ? 'well' : 'failed',
  )
  for (const { folder } of [...well.slice(keptWell), ...failed.slice(keptFailed)]) remove(folder)
}

function readEnded(folder: string): Ended[] {
  const changedAt = changeOf(join(folder, 'log')) ?? changeOf(folder)
  return changedAt === undefined ? [] : [{ folder, changedAt }]
}

/** Another process may remove it meanwhile. */
function changeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs
}

/** Files that are not of tm stay, and so does their folder. */
function remove(folder: string): void {
  rmSync(join(folder, 'log'), { force: true })
  rmSync(join(folder, 'work'), { force: true, recursive: true })
  try {
    rmdirSync(folder)
  } catch {}
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
