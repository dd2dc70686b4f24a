/** BullMQ: `addBulk`, and one worker with the concurrency of its documentation; more was not faster. */
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { redisGuarantee, redisUrl } from './redis.ts'
import { countTo, inLanes, payload, runSide } from './side.ts'

const name = 'bench'
/** Of all our keys, so that nothing else in that database is touched. */
const prefix = 'tm-bench'
// A blocking connection must not give up: BullMQ refuses any other value.
const connect = () => new Redis(redisUrl, { maxRetriesPerRequest: null })
const openQueue = () => new Queue(name, { connection: connect(), prefix })

async function empty(): Promise<void> {
  const queue = openQueue()
  await queue.obliterate({ force: true })
  await queue.close()
}

await runSide({
  async prepare() {
    const guarantee = await redisGuarantee()
    await empty()
    return guarantee
  },

  async enqueue(count) {
    const queue = openQueue()
    await queue.waitUntilReady()
    const tasks = Array.from({ length: count }, () => ({ name: 'task', data: { payload } }))
    const took = await inLanes(tasks, { lanes: 4, batch: 1000 }, (some) => queue.addBulk(some))
    await queue.close()
    return took
  },

  async work(count) {
    const queue = openQueue()
    const counted = countTo(count)
    const worker = new Worker(name, async () => counted.add(1), {
      connection: connect(),
      prefix,
      concurrency: 50,
      // Done ones are deleted: keeping them costs it more.
      removeOnComplete: { count: 0 },
    })
    await counted.all
    while ((await queue.getJobCountByTypes('wait', 'active')) > 0) {}
    const took = performance.now() - counted.began()
    await worker.close()
    await queue.close()
    return took
  },

  clean: empty,
})
