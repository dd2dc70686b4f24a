/** Follows the logs, and reports what nodes decide and workers do. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chalkStderr as chalk } from 'chalk'
import type { ClusterState } from '../../state/cluster-state.ts'

interface Entry {
  node?: string
  worker?: string
  msg: string
  action?: string
  reason?: string
}

const readEveryMs = 50

export function narrate(state: ClusterState, say: (text: string) => void): { stop(): void } {
  const linesRead = new Map<string, number>()
  const announced = new Map<string, string>()

  /** A node that keeps asking for a loan is mentioned once. */
  function describeEntry(line: string): string | undefined {
    const { node, worker, msg, action, reason } = parse(line)
    if (msg === 'working') return `${worker} joined`
    if (msg === 'stopped' && worker) return `${worker} stopped: ${reason}`
    if (msg !== 'scaling' || !node || !action || action === 'none') return undefined
    if (action === 'borrow' && announced.get(node) === action) return undefined
    announced.set(node, action)
    return `${node}: ${reason}`
  }

  function readLogs(): void {
    for (const file of logs(state)) {
      const lines = readLines(file)
      for (const line of lines.slice(linesRead.get(file) ?? 0)) {
        const text = describeEntry(line)
        if (text) say(chalk.dim(`    ${text}`))
      }
      linesRead.set(file, lines.length)
    }
  }

  const timer = setInterval(readLogs, readEveryMs)
  return {
    stop() {
      clearInterval(timer)
      readLogs()
    },
  }
}

function logs(state: ClusterState): string[] {
  return ['nodes', 'workers'].flatMap((kind) => {
    try {
      return readdirSync(state.path(kind)).map((id) => join(state.path(kind), id, 'log'))
    } catch {
      return []
    }
  })
}

/** Complete lines only: the last line may still be growing. */
function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1)
  } catch {
    return []
  }
}

function parse(line: string): Entry {
  try {
    return JSON.parse(line) as Entry
  } catch {
    return { msg: '' }
  }
}
