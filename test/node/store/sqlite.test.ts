/**
 * The SQLite store fulfils the contract of a store. Files beside this one test what only it does.
 */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../../../src/node/store/open.ts'
import { describeStore } from '../../contract/store.ts'
import { temporaryFolder } from './folder.ts'

async function openOwn() {
  const { folder, remove } = temporaryFolder()
  let store = await openStore(`sqlite:${folder}`)
  return {
    get store() {
      return store
    },
    async reopen() {
      await store.close()
      store = await openStore(`sqlite:${folder}`)
      return store
    },
    async close() {
      await store.close()
      remove()
    },
  }
}

/** As a node does that restores a backup. */
async function openCopy(file: string) {
  const { folder, remove } = temporaryFolder()
  copyFileSync(file, join(folder, 'queue.db'))
  const store = await openStore(`sqlite:${folder}`)
  await store.tasks.resume(30_000, { wall: Date.now(), steady: Date.now() })
  return {
    ...store,
    async close() {
      await store.close()
      remove()
    },
  }
}

describeStore('the SQLite store', openOwn, openCopy)
