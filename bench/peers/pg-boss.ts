/** pg-boss: `insert`, and one process that fetches full batches without a pause in between. */
import { PgBoss } from 'pg-boss'
import { createDatabase, databaseUrl, dropDatabase, untilNone, vacuum } from './postgres.ts'
import { countTo, inLanes, payload, runSide } from './side.ts'

const database = 'tm_bench_pg_boss'
const queue = 'bench'

async function start(): Promise<PgBoss> {
  const connectionString = databaseUrl(database)
  // Maintenance and schedules are for servers that live longer than this.
  const boss = new PgBoss({ connectionString, max: 10, supervise: false, schedule: false })
  boss.on('error', (error) => {
    throw error
  })
  await boss.start()
  return boss
}

await runSide({
  async prepare() {
    const guarantee = await createDatabase(database)
    const boss = await start()
    await boss.createQueue(queue)
    await boss.stop()
    return guarantee
  },

  async enqueue(count) {
    const boss = await start()
    const tasks = Array.from({ length: count }, () => ({ data: { payload } }))
    const took = await inLanes(tasks, { lanes: 4, batch: 1000 }, (some) => boss.insert(queue, some))
    await boss.stop()
    await vacuum(database)
    return took
  },

  async work(count) {
    const boss = await start()
    const counted = countTo(count)
    const options = {
      batchSize: 1000,
      localConcurrency: 4,
      burstWhenBatchFull: true,
      pollingIntervalSeconds: 0.5,
    }
    await boss.work(queue, options, async (jobs) => counted.add(jobs.length))
    await counted.all
    await untilNone(database, `SELECT 1 FROM pgboss.job WHERE state < 'completed' LIMIT 1`)
    const took = performance.now() - counted.began()
    await boss.stop()
    return took
  },

  clean: () => dropDatabase(database),
})
