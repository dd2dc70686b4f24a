/**
 * The store on SQLite as the node sees it: every call goes to the thread that owns the database.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { threadFile } from '../../../runtime/thread-file.ts'
import type { JobStore } from '../job-store.ts'
import type { NodeDocuments } from '../node-documents.ts'
import type { SharedStore } from '../shared-store.ts'
import type { Snapshots } from '../snapshots.ts'
import type { Store } from '../store.ts'
import type { TaskStore } from '../task-store.ts'
import { readBackup, sealBackup } from './backup.ts'
import { callsTo } from './calls.ts'
import { type Call, fromMessage, type Opening, type ThreadData } from './messages.ts'
import { stageRestore } from './staged.ts'

type Methods = TaskStore &
  JobStore &
  SharedStore &
  NodeDocuments &
  Pick<Snapshots, 'copyTo'> &
  Pick<Store, 'close'>

/**
 * Opens the database in `folder`, and makes it on the first start. Throws `damaged`, `conflict`.
 */
export async function openSqliteStore(options: ThreadData): Promise<Store> {
  const send = callsTo(await startThread(options))
  const ask = <M extends Call['method']>(method: M) =>
    ((...args: unknown[]) => send(method, args)) as unknown as Methods[M]
  let closing: Promise<void> | undefined

  return {
    tasks: {
      resume: ask('resume'),
      enqueue: ask('enqueue'),
      claim: ask('claim'),
      readBody: ask('readBody'),
      renew: ask('renew'),
      complete: ask('complete'),
      fail: ask('fail'),
      release: ask('release'),
      expireLeases: ask('expireLeases'),
      prune: ask('prune'),
      cancel: ask('cancel'),
      retry: ask('retry'),
      get: ask('get'),
      withBeginning: ask('withBeginning'),
      list: ask('list'),
      results: ask('results'),
      markPulled: ask('markPulled'),
      stats: ask('stats'),
      position: ask('position'),
      reusableBytes: ask('reusableBytes'),
      work: ask('work'),
    },
    jobs: {
      putJob: ask('putJob'),
      getJob: ask('getJob'),
      listJobs: ask('listJobs'),
      tasksOfJob: ask('tasksOfJob'),
      tasksByKey: ask('tasksByKey'),
      cancelJob: ask('cancelJob'),
      retryJob: ask('retryJob'),
      pauseJob: ask('pauseJob'),
      goOnWithJob: ask('goOnWithJob'),
      takePauses: ask('takePauses'),
      writeOutput: ask('writeOutput'),
      readOutput: ask('readOutput'),
      jobProgress: ask('jobProgress'),
      failedAttempts: ask('failedAttempts'),
    },
    shared: {
      openShared: ask('openShared'),
      writeShared: ask('writeShared'),
      readShared: ask('readShared'),
      settleShared: ask('settleShared'),
    },
    documents: { load: ask('load'), save: ask('save') },
    snapshots: {
      copyTo: ask('copyTo'),
      seal: async (file, from) => sealBackup(file, from),
      read: async (file) => readBackup(file),
      stage: async (file) => stageRestore(options.folder, file),
    },
    close() {
      closing ??= ask('close')()
      return closing
    },
  }
}

async function startThread(options: ThreadData): Promise<Worker> {
  const file = threadFile('./thread', import.meta.url)
  const thread = new Worker(file, { argv: ['store-thread'], workerData: options })
  const [opening] = (await once(thread, 'message')) as [Opening]
  if (!opening.ready) throw fromMessage(opening.error)
  return thread
}
