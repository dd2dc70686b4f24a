/** The SQLite store fulfils the contract of a store. What is its own: the files beside this one. */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSqliteStore } from '../../../src/node/store/sqlite/sqlite.ts'
import { describeStore } from '../../contract/store.ts'
import { shareCompiledCode, temporaryFolder } from './folder.ts'

shareCompiledCode()

async function openOwn() {
  const { folder, remove } = temporaryFolder()
  let store = await openSqliteStore({ folder })
  return {
    get store() {
      return store
    },
    async reopen() {
      await store.close()
      store = await openSqliteStore({ folder })
      return store
    },
    async close() {
      await store.close()
      remove()
    },
  }
}

/** As a node does that was given a backup. */
async function openCopy(file: string) {
  const { folder, remove } = temporaryFolder()
  copyFileSync(file, join(folder, 'queue.db'))
  const store = await openSqliteStore({ folder })
  await store.resume(30_000, { wall: Date.now(), steady: Date.now() })
  return {
    ...store,
    async close() {
      await store.close()
      remove()
    },
  }
}

describeStore('the SQLite store', openOwn, openCopy)
