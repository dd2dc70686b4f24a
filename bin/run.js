#!/bin/sh
':' //; i=; while read -r k v; do [ "$k" = SigIgn: ] && i=$v && break; done 2>/dev/null </proc/self/status; TM_IGNORED_SIGNALS=${i:-$(trap)} exec node "$0" "$@"

// Starts the command line. The line above is for the shell; Node sees a comment. A process that `nohup`
// starts ignores SIGHUP, but Node gives all signals their default action back: the shell notes before
// that which ones were ignored, on Linux as a mask, elsewhere as its own list.
//
// Plain JavaScript that any Node from 14.18 on can read: on one older than 24 it runs itself again on
// the project's own Node 24 (the dev dependency `node`), or says what to do.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants, homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const wanted = 24
const root = new URL('..', import.meta.url)

if (Number(process.versions.node.split('.')[0]) >= wanted) await start()
else runOn(fileURLToPath(new URL('node_modules/node/bin/node', root)))

async function start() {
  if (!existsSync(new URL('dist', root))) {
    fail('tm is not built.', 'npm ci, or npm run build')
  }
  endWithOuter()
  allowUnknownUser()
  await keepCompiled()
  const { main } = await import('../dist/cli/ending/main.js')
  await main({ root: fileURLToPath(root), ignoredSignals: ignoredSignals() })
}

/** Nodes and workers, which this process may start, do not inherit what is ignored here. */
function ignoredSignals() {
  const noted = process.env.TM_IGNORED_SIGNALS || ''
  delete process.env.TM_IGNORED_SIGNALS
  const mask = /^[0-9a-f]{16}$/.test(noted) ? BigInt(`0x${noted}`) : 0n
  const isIn = (name) => (mask >> BigInt(constants.signals[name] - 1)) & 1n
  return ['SIGHUP', 'SIGINT', 'SIGTERM'].filter((name) => isIn(name) || noted.includes(name))
}

// Of a user without an entry in /etc/passwd (docker run --user 4242) the system knows neither home nor
// shell, and throws when oclif asks. Commands that need a home say that there is none.
function allowUnknownUser() {
  if (!known(homedir)) process.env.HOME = '/nonexistent'
  if (!known(userInfo)) process.env.SHELL ??= '/bin/sh'
}

function known(ask) {
  try {
    return ask()
  } catch {
    return undefined
  }
}

// A tenth of a command's time is compiling it. Not in the system's folder for temporary files, which
// is Node's default: what lies there may be somebody else's. Without a place for it nothing is kept.
async function keepCompiled() {
  const { enableCompileCache } = await import('node:module')
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  if (!process.env.XDG_CACHE_HOME && !existsSync(homedir())) return
  enableCompileCache(join(caches, 'tm', 'compiled'))
}

/** The outer and the inner process end together, and in the same way. */
function runOn(node) {
  const old = `tm needs Node ${wanted} or newer, this is ${process.versions.node}.`
  const newer = 'Installed globally: npm install -g node@24, then a new shell'
  if (!existsSync(node)) fail(old, 'In a checkout: npm ci', newer)
  const env = { ...process.env, TM_OUTER_PROCESS: String(process.pid) }
  const child = spawn(node, process.argv.slice(1), { env, stdio: descriptors() })
  child.on('error', ({ code }) => fail(`${old} ${node} can't be run here (${code}).`, newer))
  // A Ctrl-C reaches both: the inner process takes the same signal twice within 100 ms for one.
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT']) {
    process.on(signal, () => child.kill(signal))
  }
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    }
    // A signal of its own does not end the first process of a container.
    process.exit(signal ? 128 + constants.signals[signal] : code)
  })
}

/** `kill -9` of the outer process can't be passed on by it. */
function endWithOuter() {
  const outer = Number(process.env.TM_OUTER_PROCESS)
  delete process.env.TM_OUTER_PROCESS
  if (!outer) return
  const end = () => process.ppid === outer || process.kill(process.pid, 'SIGKILL')
  setInterval(end, 200).unref()
}

/** Those of `tm enqueue <(command)`, which are called `/dev/fd/63`, and the standard ones. */
function descriptors() {
  const named = process.argv.map((word) => /^\/(?:dev|proc\/self)\/fd\/(\d+)$/.exec(word))
  const stdio = ['inherit', 'inherit', 'inherit']
  for (const match of named) if (match && existsSync(match[0])) stdio[match[1]] = Number(match[1])
  return Array.from(stdio, (one) => one ?? 'ignore')
}

function fail(problem, ...fixes) {
  console.error([`Error: ${problem}`, ...fixes].join('\n  → '))
  process.exit(1)
}
