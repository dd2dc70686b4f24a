/** Graphile Worker, with the settings of its own performance page (worker.graphile.org). */
import { Logger, makeWorkerUtils, run } from 'graphile-worker'
import { createDatabase, databaseUrl, dropDatabase, untilNone, vacuum } from './postgres.ts'
import { countTo, inLanes, payload, runSide } from './side.ts'

const database = 'tm_bench_graphile_worker'
const connectionString = databaseUrl(database)
const logger = new Logger(() => () => {})

await runSide({
  async prepare() {
    const guarantee = await createDatabase(database)
    const utils = await makeWorkerUtils({ connectionString, logger })
    await utils.migrate()
    await utils.release()
    return guarantee
  },

  async enqueue(count) {
    const utils = await makeWorkerUtils({ connectionString, logger })
    const tasks = Array.from({ length: count }, () => ({
      identifier: 'task',
      payload: { payload },
    }))
    const took = await inLanes(tasks, { lanes: 4, batch: 1000 }, (some) => utils.addJobs(some))
    await utils.release()
    await vacuum(database)
    return took
  },

  async work(count) {
    const counted = countTo(count)
    const runner = await run({
      preset: {
        worker: {
          connectionString,
          logger,
          concurrentJobs: 24,
          maxPoolSize: 25,
          localQueue: { size: 500 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
      taskList: { task: () => counted.add(1) },
      noHandleSignals: true,
    })
    await counted.all
    await untilNone(database, 'SELECT 1 FROM graphile_worker._private_jobs LIMIT 1')
    const took = performance.now() - counted.began()
    await runner.stop()
    return took
  },

  clean: () => dropDatabase(database),
})
