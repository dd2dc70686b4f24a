/**
 * The program that instances run, in one file without the command line: `tm.mjs node`, `tm.mjs
 * worker`, and the threads of both, which are this file again.
 */
import { appendFileSync } from 'node:fs'
import { pino } from 'pino'
import { messageOf } from '../core/errors.ts'
import { readMachine } from './machine.ts'
import { stopSignal } from './signals.ts'

/** Set by the build. */
declare const tmVersion: string

const [what] = process.argv.slice(2)

if (what === 'store-thread') await import('../node/store/sqlite/thread.ts')
else if (what === 'slot-thread') await import('../worker/slot-thread.ts')
else await run().catch(tell)

async function run(): Promise<void> {
  const signal = stopSignal()
  const machine = readMachine()
  const log = pino({ base: { [machine.kind]: machine.id } })
  if (machine.kind === 'node') {
    const { runNode } = await import('./node.ts')
    await runNode(machine, { version: tmVersion, signal, log })
  } else {
    const { runInstanceWorker } = await import('./worker.ts')
    await runInstanceWorker(machine, { signal, log })
  }
  process.exit()
}

/** On the console, too: it can be read from outside when nothing else answers. The unit tries again. */
function tell(error: unknown): never {
  console.error(error)
  try {
    appendFileSync('/dev/console', `tm: it can't run: ${messageOf(error)}\n`)
  } catch {
    // There is no console, and nobody to miss it.
  }
  process.exit(1)
}
