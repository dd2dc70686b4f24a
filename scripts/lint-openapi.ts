/** Holds the OpenAPI document to `redocly.yaml`: `npm run lint:openapi`, a part of `npm run check`. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createOpenApiDocument } from './openapi.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string }

const folder = mkdtempSync(join(tmpdir(), 'tm-openapi-'))
try {
  const file = join(folder, 'openapi.json')
  writeFileSync(file, JSON.stringify(createOpenApiDocument(version), null, 2))
  const linter = join(root, 'node_modules/@redocly/cli/bin/cli.js')
  const { status, output } = spawnSync(
    process.execPath,
    [linter, 'lint', file, '--config', join(root, 'redocly.yaml'), '--format', 'stylish'],
    {
      encoding: 'utf8',
      // It would report its use to its maker, and ask the registry for a newer version.
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    },
  )
  if (status !== 0) console.error(output.join(''))
  process.exitCode = status ?? 1
} finally {
  rmSync(folder, { recursive: true })
}
