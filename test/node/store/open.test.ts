/** A store is opened by its URL; backups are read without a store. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isInUse, openStore, readBackup } from '../../../src/node/store/open.ts'
import { temporaryFolder } from './folder.ts'

it.each(['postgres://host/db', 'sqlite:', '/var/lib/tm', ''])(
  'refuses the URL "%s"',
  async (url) => {
    await expect(openStore(url)).rejects.toMatchObject({
      code: 'invalid',
      message: `Not the URL of a store: ${url}`,
    })
  },
)

it('opens a folder with characters that URLs would escape', async () => {
  const { folder, remove } = temporaryFolder()
  const odd = join(folder, 'a b:c%20?#ä')
  const first = await openStore(`sqlite:${odd}`)
  await first.documents.save('key', 'value')
  await first.close()
  const second = await openStore(`sqlite:${odd}`)
  expect(await second.documents.load('key')).toBe('value')
  await second.close()
  remove()
})

it('is in use while a node has it open, also for who only asks', async () => {
  const { folder, remove } = temporaryFolder()
  const url = `sqlite:${folder}`
  expect(await isInUse(url)).toBe(false)
  const store = await openStore(url)
  expect(await isInUse(url)).toBe(true)
  await store.documents.save('key', 'value')
  await store.close()
  expect(await isInUse(url)).toBe(false)
  writeFileSync(join(folder, 'queue.db'), 'Dear diary')
  expect(await isInUse(url), 'nobody can tell').toBe(true)
  remove()
})

it('reads a backup that a store has made, and refuses any other file', async () => {
  const { folder, remove } = temporaryFolder()
  const store = await openStore(`sqlite:${folder}`)
  const file = join(folder, 'copy')
  await store.snapshots.copyTo(file)
  await expect(readBackup(file)).rejects.toMatchObject({ code: 'damaged' })
  const sealed = await store.snapshots.seal(file, { cluster: 'c', node: 'n', at: 7 })
  expect(await readBackup(file)).toEqual({ ...sealed, tasks: 0, succeeded: 0 })
  expect(await store.snapshots.read(file)).toEqual(await readBackup(file))
  await store.close()
  writeFileSync(file, 'Dear diary')
  await expect(readBackup(file)).rejects.toMatchObject({ code: 'damaged' })
  remove()
})
