#!/usr/bin/env node
// Starts oclif. Plain JavaScript that any Node from 14.18 on can read: on one older than 24 it runs
// itself again on the project's own Node 24 (the dev dependency `node`), or says what to do.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const wanted = 24
const root = new URL('..', import.meta.url)

if (Number(process.versions.node.split('.')[0]) >= wanted) await start()
else runOn(fileURLToPath(new URL('node_modules/node/bin/node', root)))

async function start() {
  if (!existsSync(new URL('dist', root))) {
    console.error('Error: tm is not built.\n  → npm ci, or npm run build')
    process.exit(1)
  }
  await keepCompiled()
  // Whoever reads us may stop reading: `tm pull | head` is not an error.
  process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  const { execute } = await import('@oclif/core')
  await execute({ dir: import.meta.url })
}

// A tenth of a command's time is compiling it. Not in the system's folder for temporary files, which
// is Node's default: what lies there may be somebody else's. Without a place for it nothing is kept.
async function keepCompiled() {
  const { enableCompileCache } = await import('node:module')
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  enableCompileCache(join(caches, 'tm', 'compiled'))
}

function runOn(node) {
  if (!existsSync(node)) {
    console.error(`Error: tm needs Node ${wanted} or newer, this is ${process.versions.node}.`)
    console.error('  → In a checkout: npm ci')
    console.error('  → Installed globally: npm install -g node@24, then a new shell')
    process.exit(1)
  }
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' })
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) {
    process.on(signal, () => {
      // A Ctrl-C reaches the child too, for which a second one means: at once.
      if (signal === 'SIGINT' && onTerminal()) return
      child.kill(signal)
    })
  }
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    } else process.exit(code ?? 1)
  })
}

function onTerminal() {
  return process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
}
