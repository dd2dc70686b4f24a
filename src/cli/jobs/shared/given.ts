/** What `--file` and `--dir` say: a path here, and the name that it has for the command. Pure. */
import { basename, resolve } from 'node:path'
import { TmError } from '../../../core/errors.ts'
import {
  clashIn,
  maxSharedFiles,
  problemOfName,
  type SharedFile,
} from '../../../kinds/command/shared.ts'

export interface GivenShared {
  kind: SharedFile['kind']
  path: string
  name: string
}

/** Throws `invalid` for a name that can't be used, and for two that can't be in one folder. */
export function givenShared(files: string[], folders: string[]): GivenShared[] {
  const given = [
    ...files.map((text) => parse('file', text)),
    ...folders.map((text) => parse('dir', text)),
  ]
  if (given.length > maxSharedFiles) {
    throw new TmError('invalid', `A job has at most ${maxSharedFiles} shared files and folders`, {
      suggestions: ['Put them into a folder, and share that: --dir PATH'],
    })
  }
  const clash = clashIn(given.map(({ name }) => name))
  if (clash) throw twoOfOneName(...clash)
  return given
}

/** `PATH` or `PATH:NAME`. A path with a colon in it needs a name behind it. */
function parse(kind: GivenShared['kind'], text: string): GivenShared {
  const at = text.lastIndexOf(':')
  const path = at === -1 ? text : text.slice(0, at)
  const name = at === -1 ? basename(resolve(text)) : trim(text.slice(at + 1))
  if (path === '') throw badName(kind, text, 'it has no path')
  const problem = problemOfName(name)
  if (problem !== undefined) throw badName(kind, text, `the name "${name}": ${problem}`)
  return { kind, path, name }
}

/** `./lib/` is `lib`. */
function trim(name: string): string {
  return name.replace(/^(\.\/+)+/, '').replace(/(?<=.)\/+$/, '')
}

function badName(kind: GivenShared['kind'], text: string, why: string): TmError {
  return new TmError('invalid', `--${kind} ${text.slice(0, 100)} can't be used: ${why}`, {
    suggestions: [
      `Say where it is here, and what it is called there: --${kind} ../models/large.onnx:model.onnx`,
    ],
  })
}

function twoOfOneName(one: string, other: string): TmError {
  const what = one === other ? `Two shared files are called ${one}` : `${other} and ${one} collide`
  return new TmError('invalid', `${what} in the folder of the command`, {
    suggestions: ['Give one of them another name: --file PATH:NAME, --dir PATH:NAME'],
  })
}
