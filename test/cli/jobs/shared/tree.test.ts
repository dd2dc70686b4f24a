/** What of a folder is shared, and that the same tree always has the same bytes. */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { unpackTar } from 'modern-tar'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { archiveOf } from '../../../../src/cli/jobs/shared/archive.ts'
import { readShared } from '../../../../src/cli/jobs/shared/source.ts'
import { readTree } from '../../../../src/cli/jobs/shared/tree.ts'
import { silentReporter } from '../../../support/silent-reporter.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tm-tree-'))
})
afterEach(() => rmSync(root, { recursive: true }))

/** Files by name, with their content. */
function write(files: Record<string, string>, under = root): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(under, name)), { recursive: true })
    writeFileSync(join(under, name), content)
  }
}

const namesIn = async (folder = root) => (await readTree(folder)).map(({ name }) => name)

async function archive(folder: string): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of archiveOf(await readTree(folder))) pieces.push(piece)
  return Buffer.concat(pieces)
}

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

describe('.gitignore', () => {
  it('leaves out what it names, anywhere below, and .git is never in it', async () => {
    write({
      '.gitignore': '# comment\n\n*.pyc\n/only-here\nbuild/\ndocs/*.tmp\n!keep.pyc\n',
      '.git/config': '',
      'lib/.git': 'gitdir: elsewhere',
      'a.pyc': '',
      'keep.pyc': '',
      'lib/b.pyc': '',
      'lib/only-here': '',
      'only-here': '',
      'build/x': '',
      'lib/build': 'a file, not a folder',
      'docs/x.tmp': '',
      'lib/docs/x.tmp': '',
      'main.py': '',
    })
    expect(await namesIn()).toEqual([
      '.gitignore',
      'docs',
      'keep.pyc',
      'lib',
      'lib/build',
      'lib/docs',
      'lib/docs/x.tmp',
      'lib/only-here',
      'main.py',
    ])
  })

  it('of a deeper folder adds to it, and has the last word', async () => {
    write({
      '.gitignore': '*.log\nlib\n',
      'a.log': '',
      'pkg/.gitignore': '!lib\n!keep.log\n/data\n*.bin',
      'pkg/keep.log': '',
      'pkg/drop.log': '',
      'pkg/lib/x': '',
      'pkg/data/x': '',
      'pkg/sub/data/x': '',
      'pkg/sub/x.bin': '',
      'x.bin': '',
      'lib/x': '',
    })
    expect(await namesIn()).toEqual([
      '.gitignore',
      'pkg',
      'pkg/.gitignore',
      'pkg/keep.log',
      'pkg/lib',
      'pkg/lib/x',
      'pkg/sub',
      'pkg/sub/data',
      'pkg/sub/data/x',
      'x.bin',
    ])
  })

  it('above the folder counts up to the top of the repository, and not beyond', async () => {
    write({
      '.gitignore': '*\n',
      'repo/.git/HEAD': '',
      'repo/.gitignore': '__pycache__/\n/src/secret\nout\n',
      'repo/src/.gitignore': '*.o\n',
      'repo/src/a.py': '',
      'repo/src/a.o': '',
      'repo/src/secret': '',
      'repo/src/__pycache__/a': '',
      'repo/src/[odd] name!/.gitignore': '/x\n',
      'repo/src/[odd] name!/x': '',
      'repo/src/[odd] name!/y': '',
      'repo/out/.gitignore': '*.o\n',
      'repo/out/a': '',
      'repo/out/a.o': '',
    })
    expect(await namesIn(join(root, 'repo/src'))).toEqual([
      '.gitignore',
      '[odd] name!',
      '[odd] name!/.gitignore',
      '[odd] name!/y',
      'a.py',
    ])
    // Whoever names an ignored folder wants what is in it.
    expect(await namesIn(join(root, 'repo/out'))).toEqual(['.gitignore', 'a'])
  })
})

describe('the archive of a folder', () => {
  const files = {
    'b/z': 'z',
    'a.txt': 'hello',
    'b/a': 'x'.repeat(100_000),
    é: '',
    [`${'n'.repeat(180)}/x`]: 'long',
  }

  it('depends on the content alone: not on times, owners, or the order of creation', async () => {
    const [one, other] = [join(root, 'one'), join(root, 'elsewhere/other')]
    write(files, one)
    write(Object.fromEntries(Object.entries(files).reverse()), other)
    symlinkSync('a.txt', join(one, 'link'))
    symlinkSync('a.txt', join(other, 'link'))
    utimesSync(join(other, 'a.txt'), 1000, 1000)
    chmodSync(join(other, 'a.txt'), 0o600)
    const bytes = await archive(one)
    expect(hash(await archive(other))).toBe(hash(bytes))
    // Known beforehand, so that another version of tm has the same.
    expect(hash(bytes)).toBe('2df9dc2b0268bff2b01fcb322c2a929333c2dbb3cc6126a74d465af02ffc6fe2')

    chmodSync(join(other, 'a.txt'), 0o744)
    const changed = await archive(other)
    expect(hash(changed)).not.toBe(hash(bytes))
    const headers = (await unpackTar(changed)).map(({ header }) => header)
    const of = (name: string) => headers.find((header) => header.name === name)
    expect(of('a.txt')).toMatchObject({ mode: 0o755, size: 5, uid: 0, gid: 0, mtime: new Date(0) })
    expect(of('b/a')).toMatchObject({ mode: 0o644 })
    expect(of('link')).toMatchObject({ type: 'symlink', linkname: 'a.txt' })
    expect(headers.map(({ name }) => name)).toEqual([
      'a.txt',
      'b/',
      'b/a',
      'b/z',
      'link',
      `${'n'.repeat(180)}/`,
      `${'n'.repeat(180)}/x`,
      'é',
    ])
  })

  it('has links that stay inside, and refuses all others, and what is no file', async () => {
    write({ 'a/b/x': '' })
    symlinkSync('../../a', join(root, 'a/b/up'))
    symlinkSync('nowhere', join(root, 'a/dangling'))
    expect(await namesIn()).toEqual(['a', 'a/b', 'a/b/up', 'a/b/x', 'a/dangling'])
    for (const target of ['/etc/passwd', '../../..', '../../../x']) {
      symlinkSync(target, join(root, 'a/out'))
      await expect(namesIn(), target).rejects.toThrow(
        `out can't be shared: it is a link to ${target}`,
      )
      write({ '.gitignore': 'out' })
      expect(await namesIn()).not.toContain('a/out')
      rmSync(join(root, '.gitignore'))
      rmSync(join(root, 'a/out'))
    }
  })
})

describe('what is read for a job', () => {
  const reporter = silentReporter
  const read = (kind: 'file' | 'dir', name: string) =>
    readShared([{ kind, path: join(root, name), name }], reporter)

  it('has the hash and the size of what travels, and the permissions', async () => {
    write({ model: 'hello', 'src/x': 'abc', 'src/sub/y': 'de' })
    const [model] = await read('file', 'model')
    const sha256 = createHash('sha256').update('hello').digest('hex')
    expect(model?.file).toEqual({ name: 'model', kind: 'file', sha256, size: 5, mode: 0o644 })
    chmodSync(join(root, 'model'), 0o700)
    expect((await read('file', 'model'))[0]?.file).toMatchObject({ sha256, mode: 0o755 })
    const [src] = await read('dir', 'src')
    const bytes = await archive(join(root, 'src'))
    expect(src?.file).toMatchObject({ kind: 'dir', sha256: hash(bytes), size: bytes.length })
    expect(src?.files).toMatchObject([
      { name: 'sub/y', size: 2 },
      { name: 'x', size: 3 },
    ])
  })

  it('says what is wrong with a path, and which flag it needs', async () => {
    write({ 'src/x': '' })
    await expect(read('file', 'nothing')).rejects.toThrow("nothing can't be read: ENOENT")
    await expect(read('file', 'src')).rejects.toMatchObject({
      message: `${join(root, 'src')} is a folder`,
      suggestions: [`Give --dir ${join(root, 'src')}`],
    })
    await expect(read('dir', 'src/x')).rejects.toThrow('is not a folder')
    const device = readShared([{ kind: 'file', path: '/dev/null', name: 'x' }], reporter)
    await expect(device).rejects.toThrow('--file /dev/null is not a file')
  })
})
