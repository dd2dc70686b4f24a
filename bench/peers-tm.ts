/** tm's own enqueue, as the command line does it: `node bench/peers-tm.ts enqueue COUNT URL TOKEN`. */

import { v7 } from 'uuid'
import { connect } from '../src/api/client.ts'
import { packTasks } from '../src/api/new-tasks.ts'
import type { NewTask } from '../src/core/task.ts'
import { sha512Task } from '../test/support/sha512-task.ts'
import { inLanes, payloadBytes, runSide } from './peers/side.ts'

const [url = '', token = ''] = process.argv.slice(4)
const client = connect({ url, token })

await runSide({
  async enqueue(count) {
    const tasks = Array.from({ length: count }, (): NewTask => {
      return sha512Task({ id: v7(), iterations: 1, body: new Uint8Array(payloadBytes).fill(120) })
    })
    return await inLanes(tasks, { lanes: 4, batch: 1000 }, (some) =>
      client.enqueueTasks({ body: packTasks(some) }),
    )
  },
})
