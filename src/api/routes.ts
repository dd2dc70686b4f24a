/**
 * The routes of a node as plain data: the node serves them, the client calls them. Their schemas are in
 * `contract/`, so that commands do not load a schema library.
 */
import type { Role } from '../core/tokens.ts'
import { framesType } from './frames.ts'
import { resultsType } from './reports.ts'

export interface Route {
  method: 'get' | 'put' | 'post' | 'patch' | 'delete'
  /** With parameters in braces, as in OpenAPI. */
  path: string
  /** The roles that may call it. Empty: no token needed. */
  roles: readonly Role[]
  /** The content type of a request body that is bytes. */
  sends?: string
  /** The answer is bytes, not JSON. */
  receives?: 'bytes'
  /** The client returns undefined for a 404. */
  mayBeAbsent?: true
  /** Other statuses with a normal answer, unless the body is an error. */
  alsoAnswers?: readonly number[]
}

const admin = ['admin'] as const
const nodes = ['admin', 'node'] as const
const worker = ['worker'] as const
const sibling = ['node'] as const
const bytes = 'application/octet-stream'

export const routes = {
  enqueueTask: { method: 'put', path: '/enqueue', roles: admin, sends: bytes },
  enqueueTasks: { method: 'post', path: '/v1/tasks', roles: admin, sends: framesType },
  getTask: { method: 'get', path: '/v1/tasks/{id}', roles: nodes },
  lookupTasks: { method: 'post', path: '/v1/tasks/lookup', roles: nodes },
  lookupTasksByKey: { method: 'post', path: '/v1/tasks/lookup-by-key', roles: admin },
  putJob: { method: 'put', path: '/v1/jobs/{id}', roles: admin },
  listJobs: { method: 'get', path: '/v1/jobs', roles: admin },
  getJob: {
    method: 'get',
    path: '/v1/jobs/{id}',
    roles: ['admin', 'worker'],
    mayBeAbsent: true,
  },
  enqueueTasksOfJob: { method: 'post', path: '/v1/jobs/{id}/tasks', roles: admin },
  cancelJob: { method: 'post', path: '/v1/jobs/{id}/cancel', roles: admin, mayBeAbsent: true },
  retryJob: { method: 'post', path: '/v1/jobs/{id}/retry', roles: admin, mayBeAbsent: true },
  pauseJob: { method: 'post', path: '/v1/jobs/{id}/pause', roles: nodes, mayBeAbsent: true },
  listTasksOfJob: { method: 'get', path: '/v1/jobs/{id}/tasks', roles: admin, mayBeAbsent: true },
  attemptsOfTask: {
    method: 'get',
    path: '/v1/tasks/{id}/attempts',
    roles: admin,
    mayBeAbsent: true,
  },
  getJobProgress: {
    method: 'get',
    path: '/v1/jobs/{id}/progress',
    roles: admin,
    mayBeAbsent: true,
  },
  explainTask: { method: 'get', path: '/v1/tasks/{id}/explanation', roles: admin },
  explainJob: {
    method: 'get',
    path: '/v1/jobs/{id}/explanation',
    roles: admin,
    mayBeAbsent: true,
  },
  readTaskLog: { method: 'get', path: '/v1/tasks/{id}/log', roles: admin, mayBeAbsent: true },
  readSmallOutputs: {
    method: 'post',
    path: '/v1/tasks/outputs',
    roles: admin,
    receives: 'bytes',
  },
  readOutput: {
    method: 'get',
    path: '/v1/tasks/{id}/outputs/{part}',
    roles: admin,
    receives: 'bytes',
  },

  openShared: { method: 'put', path: '/v1/shared/{sha256}', roles: admin },
  writeShared: { method: 'put', path: '/v1/shared/{sha256}/{part}', roles: admin, sends: bytes },
  readShared: {
    method: 'get',
    path: '/v1/shared/{sha256}/{part}',
    roles: worker,
    receives: 'bytes',
  },

  listTasks: { method: 'get', path: '/v1/tasks', roles: nodes },
  cancelTask: { method: 'post', path: '/v1/tasks/{id}/cancel', roles: admin },
  retryTask: { method: 'post', path: '/v1/tasks/{id}/retry', roles: admin },

  pullCompleted: { method: 'post', path: '/pullCompleted', roles: admin },
  listResults: { method: 'get', path: '/v1/results', roles: nodes },
  markPulled: { method: 'post', path: '/v1/results/pulled', roles: nodes },

  claimLeases: { method: 'post', path: '/v1/leases/claim', roles: worker, receives: 'bytes' },
  renewLeases: lease('renew'),
  completeLeases: { ...lease('complete'), sends: resultsType },
  failLeases: lease('fail'),
  releaseLeases: lease('release'),
  writeOutput: {
    method: 'put',
    path: '/v1/leases/{id}/{attempt}/outputs/{part}',
    roles: worker,
    sends: bytes,
    alsoAnswers: [403, 409],
  },

  watchedLeases: { method: 'post', path: '/v1/leases/watched', roles: worker },
  writeTaskLog: { method: 'put', path: '/v1/leases/{id}/{attempt}/log', roles: worker },

  joinWorker: { method: 'post', path: '/v1/join', roles: [] },
  getSetup: { method: 'get', path: '/v1/setup', roles: worker },
  getProgram: { method: 'get', path: '/v1/program', roles: worker, receives: 'bytes' },
  heartbeat: { method: 'put', path: '/v1/workers/{id}', roles: worker },
  workerDown: {
    method: 'post',
    path: '/worker_down/{instance_id}',
    roles: ['worker', 'admin'],
    mayBeAbsent: true,
  },
  configure: { method: 'put', path: '/v1/provision', roles: admin },

  requestLoan: { method: 'get', path: '/try_get_node_quota', roles: sibling },
  renewLoan: { method: 'put', path: '/v1/loans/{loan}', roles: sibling, mayBeAbsent: true },
  returnLoan: { method: 'delete', path: '/v1/loans/{loan}', roles: sibling },

  getState: { method: 'get', path: '/v1/state', roles: nodes },
  readLog: { method: 'get', path: '/v1/logs/{id}', roles: admin, mayBeAbsent: true },
  getSettings: { method: 'get', path: '/v1/settings', roles: nodes },
  changeSettings: { method: 'patch', path: '/v1/settings', roles: admin },
  setSiblings: { method: 'put', path: '/v1/siblings', roles: admin },
  drain: { method: 'post', path: '/v1/drain', roles: admin },
  rotateSecret: { method: 'put', path: '/v1/secret', roles: admin },

  createBackup: { method: 'post', path: '/v1/backups', roles: admin },
  readBackup: { method: 'get', path: '/v1/backups/{id}', roles: admin, receives: 'bytes' },
  deleteBackup: { method: 'delete', path: '/v1/backups/{id}', roles: admin },
  writeRestore: { method: 'put', path: '/v1/restore', roles: admin, sends: bytes },
  finishRestore: { method: 'post', path: '/v1/restore', roles: admin },

  getHealth: { method: 'get', path: '/healthz', roles: [], receives: 'bytes' },
  getMetrics: { method: 'get', path: '/metrics', roles: admin, receives: 'bytes' },
  getDocument: { method: 'get', path: '/openapi.json', roles: admin },
} as const satisfies Record<string, Route>

export type RouteName = keyof typeof routes

/** Verdicts are also the answer if all reports are late (409) or of another worker's leases (403). */
function lease<const A extends string>(action: A) {
  const path = `/v1/leases/${action}` as const
  return { method: 'post', path, roles: worker, alsoAnswers: [403, 409] } as const
}
