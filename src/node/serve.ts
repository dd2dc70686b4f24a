/** Runs a node in this process: opens the store, binds the socket, composes the node, and stops it. */
import { aborted } from '../runtime/signals.ts'
import { systemClock } from '../runtime/system-clock.ts'
import { type BindOptions, bind } from './http/server.ts'
import { createNode, type NodeOptions } from './node.ts'
import { openStore } from './store/open.ts'

export interface ServeOptions extends NodeOptions, BindOptions {}

export interface RunningNode {
  url: string
  /** Resolves when a backup is ready to replace the database: stop the node and start it again. */
  replaced: Promise<void>
  /** Stops listening, finishes open requests, closes the store. */
  stop(): Promise<void>
}

export async function startNode(options: ServeOptions): Promise<RunningNode> {
  const { log } = options
  const stack = new AsyncDisposableStack()
  try {
    const store = stack.adopt(await openStore(`sqlite:${options.folder}`), (opened) =>
      opened.close(),
    )
    const server = stack.adopt(await bind(options), (bound) => bound.close())
    const { url } = server
    const parts = { store, clock: systemClock, url }
    const node = stack.adopt(await createNode({ ...options, ...parts }), (made) => made.stop())
    server.serve(node.listener)
    node.start()
    log.info({ url }, 'serving')
    return {
      url,
      replaced: node.restore.replaced,
      async stop() {
        await stack.disposeAsync()
        log.info({}, 'stopped')
      },
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

/** Serves until the signal is aborted; restarts the node whenever a backup replaces its database. */
export async function serveUntil(
  signal: AbortSignal,
  start: () => Promise<RunningNode>,
): Promise<void> {
  while (!signal.aborted) {
    const node = await start()
    await Promise.race([aborted(signal), node.replaced])
    await node.stop()
  }
}
