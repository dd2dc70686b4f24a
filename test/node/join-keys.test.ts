/** The keys with which workers have joined. */
import { expect, it } from 'vitest'
import { loadJoinKeys } from '../../src/node/join-keys.ts'

function documentsOn(saved: Map<string, unknown>) {
  return {
    load: async (key: string) => saved.get(key),
    save: async (key: string, value: unknown) => void saved.set(key, structuredClone(value)),
  }
}

it('are known after a restart of the node: nobody else joins as a worker that is there', async () => {
  const saved = new Map<string, unknown>()
  const before = await loadJoinKeys(documentsOn(saved))
  expect(await before.claim('w-1', 'its own')).toBe(true)
  expect(JSON.stringify([...saved])).not.toContain('its own')
  const after = await loadJoinKeys(documentsOn(saved))
  expect(await after.claim('w-1', 'of a command')).toBe(false)
  expect(await after.claim('w-1', 'its own')).toBe(true)
  expect(await after.claim('w-2', 'its own')).toBe(true)
})

it('count from the first moment, and not at all if they can not be saved', async () => {
  const documents = documentsOn(new Map())
  const keys = await loadJoinKeys(documents)
  expect(await Promise.all([keys.claim('w', 'a'), keys.claim('w', 'b')])).toEqual([true, false])
  documents.save = () => Promise.reject(new Error('the disk is full'))
  await expect(keys.claim('v', 'a')).rejects.toThrow('full')
  documents.save = async () => {}
  expect(await keys.claim('v', 'b')).toBe(true)
})
