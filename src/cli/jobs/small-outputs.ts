/** Small outputs of many tasks, fetched with few requests. */
import type { Task } from '../../api/client.ts'
import { readFrames } from '../../api/frames.ts'
import type { NodeLink } from '../../state/cluster-nodes.ts'
import { sizeOf } from './fetch.ts'

export interface Taken {
  task: Task
  /** The node that has it. */
  node: NodeLink
}

/** Larger ones are read part by part. */
const smallBytes = 64 * 1024
/** Of outputs that are asked for together: well below what a node answers with. */
const mostBytes = 8 * 1024 ** 2
const mostTasks = 1000

/** By the ids of their tasks. What is large, or did not come, is not among them. */
export async function smallOutputs(taken: Taken[]): Promise<ReadonlyMap<string, Uint8Array>> {
  const small = taken.filter(({ task }) => sizeOf(task) > 0 && sizeOf(task) <= smallBytes)
  const requests = [...Map.groupBy(small, ({ node }) => node)].flatMap(([node, those]) =>
    inGroups(those).map((group) => ({ node, ids: group.map(({ task }) => task.id) })),
  )
  const answers = await Promise.all(
    requests.map(async ({ node, ids }) => {
      return readFrames(await node.client.readSmallOutputs({ json: { ids }, retries: 5 }))
    }),
  )
  return new Map(
    answers.flat().map(({ header, body }) => [(header as { id: string }).id, body] as const),
  )
}

function inGroups(taken: Taken[]): Taken[][] {
  const groups: Taken[][] = []
  let bytes = 0
  for (const one of taken) {
    const group = groups.at(-1)
    bytes += sizeOf(one.task)
    if (group && group.length < mostTasks && bytes <= mostBytes) group.push(one)
    else {
      groups.push([one])
      bytes = sizeOf(one.task)
    }
  }
  return groups
}
