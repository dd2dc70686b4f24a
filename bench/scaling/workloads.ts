/** The batches that scaling policies are measured with. Durations are milliseconds. */
import { createRandom, type Random } from './random.ts'

export interface Workload {
  name: string
  tasks: number
  /** What the durations are drawn around. */
  mean: number
  draw(random: Random): number
  /** Its longest task takes less than half of the target. */
  isShort: boolean
}

/** No task of a workload that is short takes longer. The target is 375 s. */
const longest = 180_000

const seconds = (value: number) => value * 1000

function workload(tasks: number, mean: number, shape: string, draw: Workload['draw']): Workload {
  const name = `${tasks} × ${mean / 1000} s, ${shape}`
  return { name, tasks, mean, draw: (random) => Math.min(longest, draw(random)), isShort: true }
}

const constant = (tasks: number, mean: number) => workload(tasks, mean, 'equal', () => mean)

const exponential = (tasks: number, mean: number) =>
  workload(tasks, mean, 'exponential', ({ uniform }) => -Math.log(1 - uniform()) * mean)

/** With a standard deviation of three quarters of the mean. */
const logNormal = (tasks: number, mean: number) =>
  workload(tasks, mean, 'log-normal', ({ normal }) => mean * Math.exp(0.67 * normal() - 0.224))

/** A tenth of them takes ten times as long as the others. */
const bimodal = (tasks: number, mean: number) => {
  const short = mean / (0.9 + 0.1 * 10)
  return workload(tasks, mean, 'two lengths', ({ uniform }) =>
    uniform() < 0.1 ? 10 * short : short,
  )
}

export const workloads: Workload[] = [
  constant(40, seconds(1)),
  constant(1000, seconds(1)),
  exponential(200, seconds(5)),
  logNormal(1000, seconds(10)),
  bimodal(400, seconds(25)),
  exponential(500, seconds(20)),
  exponential(1000, seconds(30)),
  constant(1000, seconds(60)),
  exponential(300, seconds(40)),
  logNormal(200, seconds(60)),
  constant(150, seconds(80)),
  { ...constant(100, seconds(300)), draw: () => seconds(300), isShort: false },
]

export function durationsOf({ tasks, draw }: Workload, seed: number): number[] {
  const random = createRandom(seed)
  return Array.from({ length: tasks }, () => Math.max(1, draw(random)))
}
