import { describe, expect, it } from 'vitest'
import type { Client } from '../../../src/api/client.ts'
import { configureNodes } from '../../../src/cli/cluster/configure-nodes.ts'
import { type Settings, withDefaults } from '../../../src/core/settings.ts'

type Call = [node: string, call: string, what: unknown]

function nodesThat(calls: Call[], inForce: Partial<Settings>) {
  return ['node-1', 'node-2'].map((id) => {
    const client = {
      getSettings: async () => withDefaults(inForce),
      changeSettings: async ({ json }: { json: object }) => {
        await new Promise(setImmediate)
        calls.push([id, 'settings', json])
        return withDefaults(inForce)
      },
      setSiblings: async ({ json }: { json: { siblings: { id: string }[] } }) => {
        calls.push([id, 'siblings', json.siblings.map((sibling) => sibling.id)])
      },
    } as unknown as Client
    return { id, url: `http://${id}`, client }
  })
}

describe('configuring nodes', () => {
  it('lets them meet only when all have their settings', async () => {
    const calls: Call[] = []
    const inForce = { maxWorkers: 0 }
    await configureNodes(nodesThat(calls, inForce), { slots: 2 }, ['node-2'])
    expect(calls).toEqual([
      ['node-1', 'settings', { slots: 2 }],
      ['node-2', 'settings', { ...withDefaults(inForce), slots: 2 }],
      ['node-1', 'siblings', ['node-2']],
      ['node-2', 'siblings', ['node-1']],
    ])
  })
})
