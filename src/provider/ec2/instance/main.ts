/**
 * The program that instances run, in one file without the command line: `tm.mjs node`, `tm.mjs
 * worker`, and the threads of both, which run this same file.
 */
import { appendFileSync } from 'node:fs'
import { messageOf } from '../../../core/errors.ts'
import { createLog } from '../../../runtime/log.ts'
import { stopSignal } from '../../../runtime/signals.ts'
import { readMachine } from '../boot/machine-config.ts'

/** Set by the build. */
declare const tmVersion: string

const [what] = process.argv.slice(2)

if (what === 'store-thread') await import('../../../node/store/thread.ts')
else if (what === 'slot-thread') await import('../../../worker/runners/thread/thread.ts')
else if (what === 'folders-thread')
  await import('../../../worker/runners/command/folders-thread.ts')
else if (what === 'spawner') await import('../../../worker/runners/command/spawner.ts')
else await run().catch(tell)

async function run(): Promise<void> {
  const signal = stopSignal()
  const machine = readMachine()
  const { log, tail } = createLog({ [machine.kind]: machine.id })
  if (machine.kind === 'node') {
    const { runNode } = await import('./node.ts')
    await runNode(machine, { version: tmVersion, signal, log, tail })
  } else {
    const { runInstanceWorker } = await import('./worker.ts')
    await runInstanceWorker(machine, { signal, log, tail })
  }
  process.exit()
}

/** Also on the console, which can be read when nothing else answers. The unit restarts the program. */
function tell(error: unknown): never {
  console.error(error)
  try {
    appendFileSync('/dev/console', `tm: the program failed: ${messageOf(error)}\n`)
  } catch {
    // This machine has no console.
  }
  process.exit(1)
}
