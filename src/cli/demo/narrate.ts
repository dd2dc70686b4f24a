/** Tells what the nodes decide and what workers do, as it happens, from their logs. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chalkStderr as chalk } from 'chalk'
import type { Saved } from '../saved.ts'

interface Entry {
  node?: string
  worker?: string
  msg: string
  action?: string
  reason?: string
}

/** Milliseconds between two looks. */
const lookEvery = 50

export function narrate(saved: Saved, say: (text: string) => void): { stop(): void } {
  const seen = new Map<string, number>()
  const told = new Map<string, string>()

  /** A node that asks for a loan again and again is mentioned once. */
  function tell(line: string): string | undefined {
    const { node, worker, msg, action, reason } = parse(line)
    if (msg === 'working') return `${worker} joined`
    if (msg === 'stopped' && worker) return `${worker} stopped: ${reason}`
    if (msg !== 'scaling' || !node || !action || action === 'none') return undefined
    if (action === 'borrow' && told.get(node) === action) return undefined
    told.set(node, action)
    return `${node}: ${reason}`
  }

  function look(): void {
    for (const file of logs(saved)) {
      const lines = readLines(file)
      for (const line of lines.slice(seen.get(file) ?? 0)) {
        const text = tell(line)
        if (text) say(chalk.dim(`    ${text}`))
      }
      seen.set(file, lines.length)
    }
  }

  const timer = setInterval(look, lookEvery)
  return {
    stop() {
      clearInterval(timer)
      look()
    },
  }
}

function logs(saved: Saved): string[] {
  return ['nodes', 'workers'].flatMap((kind) => {
    try {
      return readdirSync(saved.path(kind)).map((id) => join(saved.path(kind), id, 'log'))
    } catch {
      return []
    }
  })
}

/** Whole lines only: the last one may still be being written. */
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
