/**
 * What every provider has to do: `describeProvider` runs the contract of `src/provider/provider.ts`
 * against what `open` gives.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LaunchSpec, Machine, Provider } from '../../src/provider/provider.ts'

export interface OpenProvider {
  provider: Provider
  cluster: string
  /** Another provider object for the same cluster, as another process would have it. */
  another(): Provider
  /** What launches a machine. A `deaf` one does not stop when it is asked to. */
  spec(id: string, options?: { kind?: LaunchSpec['kind']; deaf?: boolean }): LaunchSpec
  /** What can't be launched. */
  impossible(id: string): LaunchSpec
  /** Answers when the machine has come up as far as it has to for being asked to stop. */
  isUp(machine: Machine): Promise<void>
  close(): Promise<void>
}

export function describeProvider(name: string, open: () => Promise<OpenProvider>): void {
  describe(name, () => {
    let opened: OpenProvider
    beforeEach(async () => {
      opened = await open()
    })
    afterEach(() => opened.close())

    const idsOf = async (provider: Provider) => (await provider.list()).map(({ id }) => id).sort()

    async function launch(id: string, options?: Parameters<OpenProvider['spec']>[1]) {
      const machine = await opened.provider.launch(opened.spec(id, options))
      await opened.isUp(machine)
      return machine
    }

    it('lists nothing at first', async () => {
      expect(await opened.provider.list()).toEqual([])
    })

    it('lists what it has launched, as it has said', async () => {
      const from = Date.now()
      const node = await launch('n1', { kind: 'node' })
      const worker = await launch('w1')
      expect(node).toMatchObject({ id: 'n1', kind: 'node', cluster: opened.cluster })
      expect(node).not.toHaveProperty('node')
      expect(worker).toMatchObject({ id: 'w1', kind: 'worker', node: 'n1' })
      expect(worker.launchedAt).toBeGreaterThanOrEqual(from)
      expect(worker.launchedAt).toBeLessThanOrEqual(Date.now())
      const listed = await opened.provider.list()
      expect(listed.toSorted((a, b) => a.id.localeCompare(b.id))).toEqual([node, worker])
    })

    it('lists what another provider has launched, and terminates it', async () => {
      const machine = await opened.another().launch(opened.spec('w1'))
      expect(await opened.provider.list()).toEqual([machine])
      await opened.provider.terminate('w1', { graceMs: 5000 })
      expect(await opened.another().list()).toEqual([])
    })

    it('launches a machine once, however often it is asked', async () => {
      const first = await launch('w1')
      expect(await opened.provider.launch(opened.spec('w1'))).toEqual(first)
      expect(await opened.another().launch(opened.spec('w1'))).toEqual(first)
      expect(await opened.provider.list()).toEqual([first])
    })

    it('launches a machine anew when the one of that id is gone', async () => {
      const first = await launch('w1')
      await opened.provider.terminate('w1', { graceMs: 5000 })
      await launch('w1')
      const [second] = await opened.provider.list()
      expect(second).toMatchObject({ id: 'w1' })
      expect(second).not.toEqual(first)
    })

    it('answers a termination when the machine is gone, and leaves the others', async () => {
      await Promise.all([launch('w1'), launch('w2')])
      await opened.provider.terminate('w1', { graceMs: 5000 })
      expect(await idsOf(opened.provider)).toEqual(['w2'])
    })

    it('makes a machine stop that does not want to', async () => {
      await launch('w1', { deaf: true })
      await opened.provider.terminate('w1', { graceMs: 50 })
      expect(await opened.provider.list()).toEqual([])
    })

    it('terminates what does not exist, and what is gone, at once', async () => {
      await opened.provider.terminate('never', { graceMs: 60_000 })
      await launch('w1')
      await opened.provider.terminate('w1', { graceMs: 5000 })
      await opened.provider.terminate('w1', { graceMs: 60_000 })
    })

    it('terminates a machine for two that ask at once', async () => {
      await launch('w1')
      const graceMs = 5000
      await Promise.all([
        opened.provider.terminate('w1', { graceMs }),
        opened.another().terminate('w1', { graceMs }),
      ])
      expect(await opened.provider.list()).toEqual([])
    })

    it('fails when a machine can not be made, and has none then', async () => {
      const launched = opened.provider.launch(opened.impossible('w1'))
      await expect(launched).rejects.toMatchObject({ name: 'TmError', code: 'failed' })
      expect(await opened.provider.list()).toEqual([])
    })
  })
}
