/** The environment of a command: all that it finds there, since it gets nothing of the worker's own. */
import type { Job } from '../../../kinds/command/job.ts'
import { variableOf } from '../../../kinds/command/placeholders.ts'

export interface EnvironmentOptions {
  /** `PATH` and such. */
  base: Readonly<Record<string, string>>
  job: Pick<Job, 'env'>
  /** How many cores the task may use. */
  cpus: number
  /** The numbers of the GPUs that the task has for itself. */
  gpus: number[]
  /** A folder for temporary files. */
  temporary: string
  values: Readonly<Record<string, string>>
}

/** How many threads libraries start. Without them each task would take all cores of its machine. */
const threads = [
  'OMP_NUM_THREADS',
  'OPENBLAS_NUM_THREADS',
  'MKL_NUM_THREADS',
  'NUMEXPR_NUM_THREADS',
  'GOMAXPROCS',
]

/** By default CUDA counts the fastest first (CUDA C++ Programming Guide, environment variables). */
const cudaOrder = { CUDA_DEVICE_ORDER: 'PCI_BUS_ID' }

/** What the user asks for wins over what tm thinks of, and the values of the task over both. */
export function environmentOf(options: EnvironmentOptions): Record<string, string> {
  const { base, job, cpus, gpus, temporary, values } = options
  const count = String(Math.max(1, Math.floor(cpus)))
  return {
    ...base,
    ...Object.fromEntries(threads.map((name) => [name, count])),
    ...(gpus.length > 0 ? { ...cudaOrder, CUDA_VISIBLE_DEVICES: gpus.join() } : {}),
    TMPDIR: temporary,
    ...job.env,
    ...Object.fromEntries(Object.entries(values).map(([name, value]) => [variableOf(name), value])),
  }
}
