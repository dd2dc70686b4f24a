/** The generated pages, by file name. The commands come from what was built (`npm run build`). */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createOpenApiDocument } from '../openapi.ts'
import { commandsPage, type Manifest } from './commands.ts'
import { type Document, httpPage } from './http.ts'
import { settingsPage } from './settings.ts'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export const folder = `${root}docs/reference`

export function createPages(): Record<string, string> {
  const manifest: Manifest = JSON.parse(readFileSync(`${root}oclif.manifest.json`, 'utf8'))
  const document = createOpenApiDocument(manifest.version)
  return {
    'commands.md': commandsPage(manifest),
    'settings.md': settingsPage(),
    'http.md': httpPage(document as unknown as Document),
  }
}
