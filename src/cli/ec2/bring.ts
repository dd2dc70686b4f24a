/** The last steps of `tm up` on EC2: servers ready, health, limits and siblings. */
import { TmError } from '../../core/errors.ts'
import type { Settings } from '../../core/settings.ts'
import type { NodeRecord, Saved } from '../saved.ts'
import type { Choices } from './choices.ts'
import type { Infrastructure, Site } from './infrastructure.ts'
import type { LaunchedNode } from './nodes.ts'

export interface BringContext extends Site {
  /** Has the secret, and the record with the certificates of earlier. */
  saved: Saved
  port: number
  choices: Choices
  /** To be in force on every node. */
  settings: Partial<Settings>
}

export interface Brought {
  /** In the order of the nodes that were given; with the certificate, which is remembered. */
  nodes: (NodeRecord & { instance: string })[]
  maxWorkers: number
}

export type Bring = (
  nodes: LaunchedNode[],
  infrastructure: Infrastructure,
  context: BringContext,
) => Promise<Brought>

export const bringUp: Bring = async () => {
  throw new TmError('failed', 'What runs on the instances is not built yet', {
    suggestions: ['Remove what was made: tm down'],
  })
}
