/** User-data of a new machine, run as cloud-init does, with what it says on the console. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { start } from './run.ts'

const folder = '/var/lib/cloud/instance/scripts'

export async function runUserData(
  userData: string | undefined,
  root: string,
  execute: (command: string[]) => ReturnType<typeof start>,
  onConsole: (text: string) => void,
): Promise<void> {
  if (!userData) return
  const script = unpack(userData)
  if (!script.subarray(0, 2).equals(Buffer.from('#!'))) {
    onConsole('cloud-init: WARNING: Unhandled non-multipart (text/x-not-multipart) userdata\n')
    return
  }
  const path = `${folder}/part-001`
  mkdirSync(root + folder, { recursive: true })
  writeFileSync(root + path, script)
  chmodSync(root + path, 0o700)
  const { code } = await execute(['bash', '-c', 'exec "$0" > /dev/console 2>&1', path]).done
  if (code !== 0) onConsole(`cloud-init: Failed to run module scripts-user: ${path} [${code}]\n`)
}

/** cloud-init unpacks what is gzipped. */
function unpack(userData: string): Buffer {
  const data = Buffer.from(userData, 'base64')
  return data[0] === 0x1f && data[1] === 0x8b ? gunzipSync(data) : data
}
