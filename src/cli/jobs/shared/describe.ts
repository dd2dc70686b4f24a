/** What is shared, in words, before it is sent. Pure. */
import { formatBytes } from '../../../core/bytes.ts'
import { pluralize } from '../../../core/text.ts'
import type { SharedSource } from './source.ts'

/** So many of the largest files are named. */
const named = 3

/** `shared  src (214 files, 3.2 MiB): data/words.txt 2.1 MiB, model.py 40 KiB, …` */
export function describeShared({
  file,
  path,
  files,
}: Pick<SharedSource, 'file' | 'path' | 'files'>) {
  const { name, kind } = file
  const total = formatBytes(files.reduce((sum, { size }) => sum + size, 0))
  const from = path === name ? name : `${path} as ${name}`
  if (kind === 'file') return `shared  ${from} (${total})`
  const largest = [...files].sort((a, b) => b.size - a.size).slice(0, named)
  const listed = largest.map((one) => `${one.name} ${formatBytes(one.size)}`).join(', ')
  const more = files.length > named ? ', …' : ''
  const title = `shared  ${from} (${pluralize(files.length, 'file')}, ${total})`
  return listed === '' ? title : `${title}: ${listed}${more}`
}
