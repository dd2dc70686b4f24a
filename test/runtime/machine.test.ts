/** What this machine has for work. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { machineReader } from '../../src/runtime/machine.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tm-machine-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('has processors, memory and disk', () => {
  const { cpus, memory, disk } = machineReader(folder, join(folder, 'none'))()
  expect(cpus).toBeGreaterThan(0)
  expect(memory).toBeGreaterThan(0)
  expect(disk).toBeGreaterThan(0)
})

it('has as many GPUs as the driver names, and none where there is no driver', () => {
  const drivers = join(folder, 'gpus')
  for (const bus of ['0000:00:1e.0', '0000:00:1f.0'])
    mkdirSync(join(drivers, bus), { recursive: true })
  expect(machineReader(folder, drivers)()).toMatchObject({ gpus: 2 })
  expect(machineReader(folder, join(folder, 'none'))()).not.toHaveProperty('gpus')
})
