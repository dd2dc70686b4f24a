/** The SQLite store fulfils the contract of a store. What is its own: the files beside this one. */
import { openSqliteStore } from '../../../src/node/store/sqlite/sqlite.ts'
import { describeStore } from '../../contract/store.ts'
import { shareCompiledCode, temporaryFolder } from './folder.ts'

shareCompiledCode()

describeStore('the SQLite store', async () => {
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
})
