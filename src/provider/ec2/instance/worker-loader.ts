/**
 * Runs once on a new worker, before its program arrives: joins its node, gets its token and the
 * program, checks the program's hash, and exits. Built into one file that travels in the boot script.
 * If it fails, the unit restarts it.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { certificateName, minVersion } from '../../../api/certificate.ts'
import { joinPath, workerProgramPath } from '../adopt/paths.ts'
import { installProgram, writeWhole } from '../boot/install.ts'
import { folders, readMachine, tokenFile, type WorkerConfig } from '../boot/machine-config.ts'

const machine = readMachine() as WorkerConfig
const keyFile = `${folders.data}/join-key`

/** The same at every attempt: if an answer is lost, only whoever asked first can get it again. */
async function joinKey(): Promise<string> {
  if (!existsSync(keyFile)) await writeWhole(keyFile, randomBytes(32).toString('hex'))
  return readFileSync(keyFile, 'utf8')
}

async function ask(method: string, path: string, token: string, body = ''): Promise<Buffer> {
  const { url, certificate: ca } = machine.node
  return await new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    }
    const tls = { ca, servername: certificateName, minVersion } as const
    const options = { method, headers, ...tls, timeout: 30_000 }
    const sent = request(new URL(path, url), options, async (answer) => {
      try {
        const chunks: Buffer[] = []
        for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk)
        const whole = Buffer.concat(chunks)
        if (answer.statusCode === 200) resolve(whole)
        else reject(new Error(`${path}: ${answer.statusCode} ${whole.toString().slice(0, 300)}`))
      } catch (error) {
        reject(error)
      }
    })
    sent.on('error', reject)
    sent.on('timeout', () => sent.destroy(new Error(`${path}: no answer in 30 s`)))
    sent.end(body)
  })
}

async function join(): Promise<void> {
  const body = JSON.stringify({ id: machine.id, key: await joinKey() })
  const { token } = JSON.parse((await ask('POST', joinPath, '', body)).toString()) as {
    token: string
  }
  await writeWhole(tokenFile, token)
  const wrong = await installProgram(await ask('GET', workerProgramPath, token), machine.program)
  if (wrong) throw new Error(wrong)
}

// One line, because it is shown on the console.
await join().catch((error) => {
  console.error(String(error))
  process.exit(1)
})
