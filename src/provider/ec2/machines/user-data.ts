/**
 * Packs the boot script as user-data. Everybody who may describe the instance can read it: it must
 * contain no secret.
 */
import { gzipSync } from 'node:zlib'
import { TmError } from '../../../core/errors.ts'

/** Bytes before base64 (EC2 User Guide, Run commands when you launch an EC2 instance). */
export const maxUserData = 16_384

/** Gzipped, then base64; cloud-init unpacks it (cloud-init docs, User data formats). */
export function packUserData(script: string): string {
  const packed = gzipSync(script, { level: 9 })
  // Byte 9 names the operating system that packed it; the same script must be the same request.
  packed[9] = 255
  if (packed.length > maxUserData) {
    const message = `The boot script has ${packed.length} bytes gzipped; EC2 allows ${maxUserData}`
    throw new TmError('failed', message, { suggestions: ['Load a part of it after the boot'] })
  }
  return packed.toString('base64')
}
