/**
 * Runs once on a new node, before its program arrives: proves over TLS which instance it is, accepts
 * the program from anybody, checks its hash, and exits. Built into one file that travels in the boot
 * script.
 */

import { proveTo } from '../adopt/machine/prove.ts'
import { failure, serveRoutes } from '../adopt/machine/server.ts'
import { phasePath, programPath, proofPath } from '../adopt/paths.ts'
import { installProgram } from '../boot/install.ts'
import { type NodeConfig, readMachine, readTls } from '../boot/machine-config.ts'

const machine = readMachine() as NodeConfig
const tls = readTls()

await serveRoutes({
  port: machine.port,
  tls,
  // Far larger than the program.
  maxBody: 16 * 1024 ** 2,
  onError(what, error) {
    console.log(`tm: ${what}: ${error}`)
    return failure(503, 'unavailable', String(error))
  },
  routes: {
    [`GET ${phasePath}`]: async () => ({ status: 200, body: { phase: 'boot' } }),

    [`POST ${proofPath}`]: proveTo(machine, tls.cert),

    [`PUT ${programPath}`]: async (body) => {
      const wrong = await installProgram(body, machine.program)
      if (wrong) return failure(409, 'conflict', wrong)
      return { status: 201, body: {}, last: true }
    },
  },
})
