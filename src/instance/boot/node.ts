/**
 * Runs once on a new node, before its program is there: proves over TLS which instance it is, takes
 * the program from whoever has it, checks its hash, and ends. Built into one file, which travels in
 * the boot script.
 */
import { type NodeConfig, readMachine, readTls } from '../machine.ts'
import { installProgram } from './install.ts'
import { phasePath, programPath, proofPath } from './paths.ts'
import { proveTo } from './prove.ts'
import { failure, serveRoutes } from './server.ts'

const machine = readMachine() as NodeConfig
const tls = readTls()

await serveRoutes({
  port: machine.port,
  tls,
  // Far more than the program has.
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
