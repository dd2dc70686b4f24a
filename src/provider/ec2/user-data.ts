/**
 * The boot script as user-data. Anybody who may describe the instance can read it: it must hold no
 * secret.
 */
import { gzipSync } from 'node:zlib'
import { TmError } from '../../core/errors.ts'

/** Bytes before base64 (EC2 User Guide, Run commands when you launch an EC2 instance). */
export const maxUserData = 16_384

/** Gzipped, which cloud-init unpacks, then base64 (cloud-init docs, User data formats). */
export function packUserData(script: string): string {
  const packed = gzipSync(script, { level: 9 })
  // The tenth byte names the system that packed it; the same script must be the same request.
  packed[9] = 255
  if (packed.length > maxUserData) {
    const message = `The boot script has ${packed.length} bytes gzipped; EC2 takes ${maxUserData}`
    throw new TmError('failed', message, { suggestions: ['Let it load more after it has booted.'] })
  }
  return packed.toString('base64')
}
