/** A node in the foreground, as `tm node serve` runs it, for tests that kill and start it again. */

import { connect } from '../../src/api/client.ts'
import { signToken } from '../../src/core/tokens.ts'
import { clusterState } from '../../src/state/cluster-state.ts'
import { type Box, type Cluster, type Ran, send } from '../e2e/harness.ts'

export type ServingNode = Awaited<ReturnType<typeof serve>>

/** Resolves when it serves; throws what it said when it ends before. */
export async function serve(box: Box, cluster: Cluster, id: string, ...flags: string[]) {
  const running = cluster.spawn(['node', 'serve', '--id', id, ...flags])
  const url = await new Promise<string>((resolve, reject) => {
    let said = ''
    running.child.stdout?.on('data', (text) => {
      said += text
      const found = /"url":"([^"]+)","msg":"serving"/.exec(said)?.[1]
      if (found) resolve(found)
    })
    const refuse = ({ code, stdout, stderr }: Ran) =>
      reject(new Error(`${id} exited with ${code}: ${stdout}${stderr}`))
    running.ended.then(refuse, reject)
  })
  const secret = clusterState(box.dataDir, cluster.name).secret()
  const token = signToken(secret, { role: 'admin', subject: 'test' })
  return {
    id,
    url,
    token,
    pid: running.pid,
    ended: running.ended,
    client: connect({ url, token }),
    async kill(): Promise<void> {
      send(running.pid, 'SIGKILL')
      await running.ended
    },
  }
}
