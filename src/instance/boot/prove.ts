/** A node's answer to whoever asks which instance it is. */
import { roleCredentials } from '../../provider/ec2/imds.ts'
import { bindingOf } from '../../provider/ec2/proof/binding.ts'
import { signProof } from '../../provider/ec2/proof/request.ts'
import type { NodeConfig } from '../machine.ts'
import type { Routes } from './server.ts'

/** Body: `{nonce}`, the asker's choice. Answer: a `Proof`. */
export function proveTo({ cluster, region }: NodeConfig, certificate: string): Routes[string] {
  return async (body) => {
    const { nonce } = JSON.parse(body.toString()) as { nonce: string }
    const binding = bindingOf({ prover: 'node', cluster, nonce: String(nonce), certificate })
    return { status: 200, body: await signProof(await roleCredentials(), { region, binding }) }
  }
}
