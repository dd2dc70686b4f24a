/** One chain in a thread of its own, for as many cores as there are. */
import { parentPort, workerData } from 'node:worker_threads'
import { createChain } from '../src/kinds/sha512/chain.ts'
import { rateOf } from './kernel.ts'

const chain = createChain()
chain.warmUp()
parentPort?.postMessage(
  rateOf(workerData as number, (count) => void chain.run(new Uint8Array(64), count)),
)
