// The stand-in as a process of its own: `node test/aws/main.ts [options as JSON]`. Prints one line,
// `{"url", "control", "env"}`, once it listens; ends on SIGTERM or when a pipe on its input closes.

import { fstatSync } from 'node:fs'
import { serveControl } from './control.ts'
import type { GivenOptions } from './options.ts'
import { startStandin } from './standin.ts'

type Settings = GivenOptions & { controlPort?: number }

const { controlPort = 0, ...options }: Settings = JSON.parse(process.argv[2] ?? '{}')
const standin = await startStandin(options)
const control = await serveControl(standin, controlPort)
console.log(JSON.stringify({ url: standin.url, control: control.url, env: standin.env }))

const end = () => process.exit(0)
process.on('SIGTERM', end)
// A parent that was killed must not leave this behind. (Started with its input ignored, it stays.)
const input = fstatSync(0)
if (input.isFIFO() || input.isSocket()) process.stdin.on('end', end).on('error', end).resume()
